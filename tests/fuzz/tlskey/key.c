/* A private key from any DER: what is read is of one of our kinds. */
#include "key.h"

#include <openssl/evp.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take t = { data, size };
	size_t len;
	uint8_t *exact = take_copy(&t, 4096, &len);
	EVP_PKEY *key = key_decode((struct span){ exact, len });

	if (key) {
		int kind = EVP_PKEY_get_base_id(key);

		MUST(kind == EVP_PKEY_RSA || kind == EVP_PKEY_EC || kind == EVP_PKEY_ED25519);
	}
	EVP_PKEY_free(key);
	free(exact);
	return 0;
}
