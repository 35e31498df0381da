"""sasl: clients of the mechanisms that answer a challenge, written from the RFCs and sharing nothing with our C."""

import base64
import hashlib
import hmac
import os


def b64(data):
    return base64.b64encode(data).decode("ascii")


def unb64(text):
    return base64.b64decode(text, validate=True)


def apop(stamp, secret):
    """RFC 1939 section 7."""
    return hashlib.md5(stamp + secret).hexdigest()


def cram_md5(challenge, name, secret):
    """RFC 2195: the response, decoded."""
    return name + b" " + hmac.new(secret, challenge, "md5").hexdigest().encode("ascii")
