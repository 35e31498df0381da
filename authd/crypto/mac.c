#include "mac.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

static const EVP_MD *
digest_of(enum mac m)
{
	switch (m) {
	case MAC_MD5:
		return EVP_md5();
	case MAC_SHA1:
		return EVP_sha1();
	default:
		return EVP_sha256();
	}
}

size_t
mac_length(enum mac m)
{
	return (size_t)EVP_MD_get_size(digest_of(m));
}

int
mac_make(enum mac m, struct span key, struct span text, uint8_t out[MAC_MAX])
{
	unsigned len;

	return HMAC(digest_of(m), key.p, (int)key.len, text.p, text.len, out, &len) ? 0 : -1;
}

int
mac_hash(enum mac m, struct span text, uint8_t out[MAC_MAX])
{
	unsigned len;

	return EVP_Digest(text.p, text.len, out, &len, digest_of(m), NULL) ? 0 : -1;
}
