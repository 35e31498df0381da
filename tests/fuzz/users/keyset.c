/* Keys of an issuer: any file.  Those that are taken can be stored, and OpenSSL knows them as keys. */
#include "keyset.h"

#include <openssl/evp.h>

#include "crypto/signature.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct keyset k;
	static struct issuers s, again;
	static struct wr m;
	struct take t = { data, size };
	size_t len, number;
	uint8_t *exact = take_copy(&t, 1 << 14, &len);
	const char *fault;

	memset(&k, 0, sizeof k);
	fault = keyset_add(&k, "file", (struct span){ exact, len }, NULL, &number);
	free(exact); /* nothing that was taken lies there */
	MUST(k.count <= ISSUER_KEYS_MAX && number <= len);
	for (size_t i = 0; i < k.count; i++) {
		EVP_PKEY *key = signature_key(&k.keys[i]);

		MUST(key != NULL && keyset_algorithm(&k.keys[i]) != NULL);
		EVP_PKEY_free(key);
	}
	if (fault || k.count == 0)
		return 0;
	memcpy(s.keys, k.keys, sizeof s.keys);
	s.count = 1;
	s.issuers[0] = (struct issuer){ .name = span_of("i"),
					.claim = span_of("c"),
					.audience_count = 1,
					.audiences = { span_of("a") },
					.key_count = (uint8_t)k.count,
					.keys = s.keys };
	issuers_put(&m, &s);
	MUST(m.bad || issuers_get(wr_span(&m), &again) == 0);
	return 0;
}
