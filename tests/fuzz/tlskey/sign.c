/* What tlsd asks to be signed: any datagram.  What is allowed is, octet for octet, one of the two things that a server's
 * handshake signs, as another reading of the RFCs finds them; and a key of the right kind signs it. */
#define _GNU_SOURCE
#include "sign.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

/* Keys that are good for nothing, and files that are none. */
static const char ec_key[] = "-----BEGIN PRIVATE KEY-----\n"
			     "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgOYN/QNTeowFLLVTl\n"
			     "4a4kydAWb4WsUQ+3i4js9d6sn6KhRANCAATtLZDTQ7eREuFS2AjUMTF/BxCgom3d\n"
			     "wIQ2eZL/C8KNWs7CjEWyCA44KEqXYfpik/uQHKnD2qBcCJ9rDpyczv5F\n"
			     "-----END PRIVATE KEY-----\n";
static const char rsa_key[] = "-----BEGIN PRIVATE KEY-----\n"
			      "MIIEvwIBADANBgkqhkiG9w0BAQEFAASCBKkwggSlAgEAAoIBAQCvQwtdD0V9bdh9\n"
			      "2mYa19oELko8gaiUtzx3qFBNHkh5kpdl6xESPU6Hhrxpkie1eSFXVY5ZFOba/8Gc\n"
			      "Oq+i9tN3lyrMbsIkg7HalRXip+tWA5nJaTtGPusO8SpRnFMVs9+k9RmGBFUnttxB\n"
			      "wjYncckB1RpOnnU7VZLywO3n1obM1rhaHgNdCMTTkG4qg+8dThtFcxLHgtH0fCwv\n"
			      "f1EHrnRALIGDCtdaz1AJm+pIfuZzzx2qIiyL4wSDtctLgJ0Ir8pH6gosq1M/Af6a\n"
			      "jIR0wFVDWYZJXXdpyBtT0SoTktLBlz/k0qH29IzJO0yQNthYNouHVWN4Q318naEq\n"
			      "0R9AqGSHAgMBAAECggEAVaMl70/h/Zrp+Pz5fU5Rik9wGMamMByk4DcPHc+ZTEYz\n"
			      "0iodSlNIhvJwKAmxe3v3ravxhVewQfxMh2EppzCCPeJQmFnaZWswQYUtj3XLiVjz\n"
			      "ETZpLzbZNpDiw8Pl2SnuMrVMxm5hialRUJRsT7PKqymM1DObRuXWiuV4mhr5/SZy\n"
			      "yalU9pTQrOGI8t+iO3W+J2AppLaW9cWVAxLC5HAF3sEI+29qqigD7N2XT/eVY6Zc\n"
			      "/i1wzMZSubWEvv9CbY5W5+NKaRlpBdUEydAENJEpex/7XFtYzCjVWiQgGoU7EGCv\n"
			      "pKBBoIKRYsuyyeHRXL+l6VbAnWVXfU5PoQqY2sVsEQKBgQDgzRMwMC6h3WVfuw8D\n"
			      "e6kDobagDAiANbxZkn7me0+1ACsKF1fFNMHkVShMujvvlxS1vMfFYDonRDyuxqcb\n"
			      "OblmD6H73dGJ1qXG7yK61K9Oo6FJh7R00I02O+E/oKG+WII8hOFQCp5YpDJsutCe\n"
			      "kEIZeIqcPblLAtsEDC0HXkr9CQKBgQDHleYiX/48j8aukKTqxnmAtQZxXcZ5pkhV\n"
			      "lf4S/FSPV50PjjtCnPxJ04FS/SSJCxSwHGdix6ysazUsLv3GCncu54OSGy1jwj9O\n"
			      "JpknRfXYU67AlDsvEQjvSVBZOmtvY2JZdFQsyKQNdSLsRqg1VOzq7EqljkGJzsPD\n"
			      "8/U2OjxJDwKBgQDYYi3FJavNXJmWwyzZcm+mskNi3RJVruPE6HFEE5AOrsG+7ecr\n"
			      "SPQVgC7RZDYLEkb6BGPaxhxT7afnqAnz9+VQq12FXeezISzjRw4L/mtca771Uy3N\n"
			      "f21dtdfEci8eVH3QGSvz6rSuqCZtaIklB8DIWbI6YGN6I56Dz+CMBiRyWQKBgQCr\n"
			      "Z02z+dKieit8IZawVfFlGpJE6+8W7Do03lLMRU3tqKWnBVRZWe7FDFKFTgeBdjW3\n"
			      "JT2YtLjTfmK05kplOPmwG32ADb0GbnzlhfqDou6GcR+kHelR+4Q71C+f4a8Ag06k\n"
			      "WmYr68gQEqgCWI/+9UdeXb2hvrEEQ8EWWT4e6xZ4+wKBgQCHcRp0JAt4gwHgx3X1\n"
			      "apSUzMmOiokqUwSc/2gAbErwvaO4Zo158++ApaVeDRaWEEu3sMbWwKn+1EYp0NqU\n"
			      "gy+bAwBbsQAhoiKf86dDcvHFOXOXVH6HU5Ju7pXYDsxx1Ac+TZ0KZZADGVI3BPn+\n"
			      "LUrC3UwitoJ+jfRvW7eV0cqVbg==\n"
			      "-----END PRIVATE KEY-----\n";
static const char *const files[] = { ec_key, rsa_key, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
				     "", "-----BEGIN X-----\nAAAA\n-----END X-----\n" };

/* RFC 8446 section 4.4.3: 64 spaces, the context, a NUL, the hash of a suite (SHA-256 or SHA-384). */
static int
is_certificate_verify(const uint8_t *p, size_t n)
{
	char begin[99];

	memset(begin, ' ', 64);
	(void)snprintf(begin + 64, sizeof begin - 64, "TLS 1.3, server CertificateVerify");
	return (n == 98 + 32 || n == 98 + 48) && memcmp(p, begin, 98) == 0;
}

/* RFC 8422 section 5.4: two randoms, named_curve, and a point that is as long as its curve has them. */
static int
is_server_key_exchange(const uint8_t *p, size_t n)
{
	static const struct {
		uint8_t curve, point, begins;
	} curves[] = { { 23, 65, 4 }, { 24, 97, 4 }, { 29, 32, 0 } };

	for (size_t i = 0; i < 3; i++)
		if (n == 68U + curves[i].point && p[64] == 3 && p[65] == 0 && p[66] == curves[i].curve &&
		    p[67] == curves[i].point && (curves[i].begins == 0 || p[68] == curves[i].begins))
			return 1;
	return 0;
}

/* ECDSA and its SHA-256, and RSA, of both forms: RFC 8446 section 4.2.3. */
static int
is_of(const char *key, uint16_t scheme)
{
	if (key == ec_key)
		return scheme == 0x0403 || scheme == 0x0503 || scheme == 0x0603;
	return key == rsa_key &&
	       (scheme >> 8 == 8 ? (scheme & 0xff) >= 4 && (scheme & 0xff) <= 6 : (scheme & 0xff) == 1);
}

static void
signature_make(const struct sign *s)
{
	const char *key = files[s->key % (sizeof files / sizeof files[0])];
	uint8_t out[SIGNATURE_MAX];
	size_t len = 0;
	int fd = memfd_create("key", MFD_CLOEXEC);
	EVP_PKEY *pair;

	MUST(fd >= 0 && write(fd, key, strlen(key)) == (ssize_t)strlen(key));
	pair = key_read(fd);
	MUST((pair != NULL) == (key == ec_key || key == rsa_key));
	MUST((pair && sign_make(pair, s, out, &len) == NULL) == is_of(key, s->scheme));
	MUST(len <= SIGNATURE_MAX);
	EVP_PKEY_free(pair);
	(void)close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take t = { data, size };
	size_t len;
	uint8_t *exact = take_copy(&t, MSG_MAX, &len);
	struct sign s;

	if (sign_get((struct span){ exact, len }, &s) == 0 && sign_is_allowed(&s)) {
		int thirteen = is_certificate_verify(s.input.p, s.input.len);

		MUST(s.key < KEYS_MAX && (thirteen || is_server_key_exchange(s.input.p, s.input.len)));
		MUST(!thirteen || (s.scheme & 0xff) != 1); /* no PKCS #1 v1.5 with TLS 1.3 */
		MUST(s.scheme >> 8 != 2);                  /* no SHA-1 */
		signature_make(&s);
	}
	free(exact);
	return 0;
}
