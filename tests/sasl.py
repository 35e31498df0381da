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


class Scram:
    """RFC 5802: one login.  gs2 is the header, "n,," or what is to be tried; binding what follows it in c=."""

    def __init__(self, name, password, digest, gs2=b"n,,", binding=b"", nonce=None):
        self.digest, self.password, self.gs2, self.binding = digest, password, gs2, binding
        self.nonce = nonce or b64(os.urandom(18)).encode("ascii")
        self.bare = b"n=" + name.replace(b"=", b"=3D").replace(b",", b"=2C") + b",r=" + self.nonce

    def first(self):
        return self.gs2 + self.bare

    def mac(self, key, text):
        return hmac.new(key, text, self.digest).digest()

    def final(self, server_first):
        fields = dict(f.split(b"=", 1) for f in server_first.split(b","))
        assert list(fields) == [b"r", b"s", b"i"] and fields[b"r"].startswith(self.nonce) and \
            len(fields[b"r"]) >= len(self.nonce) + 16, server_first
        self.salt, self.iterations = unb64(fields[b"s"]), int(fields[b"i"])
        salted = hashlib.pbkdf2_hmac(self.digest, self.password, self.salt, self.iterations)
        without = b"c=" + base64.b64encode(self.gs2 + self.binding) + b",r=" + fields[b"r"]
        message = self.bare + b"," + server_first + b"," + without
        key = self.mac(salted, b"Client Key")
        signature = self.mac(hashlib.new(self.digest, key).digest(), message)
        self.expected = b"v=" + base64.b64encode(self.mac(self.mac(salted, b"Server Key"), message))
        return without + b",p=" + base64.b64encode(bytes(a ^ b for a, b in zip(key, signature)))
