/* The examples of RFC 7515 appendices A.2 and A.3 and of RFC 8037 appendix A.4, and what is nearly they. */
#include "signature.h"

#include <openssl/evp.h>
#include <string.h>

#include "../../check.h"
#include "json.h"

static uint8_t store[8192];
static size_t used;

static struct span
octets_of(const char *text)
{
	struct span s = { store + used, 0 };

	CHECK(json_octets(span_of(text), store + used, sizeof store - used, &s.len) == 0);
	used += s.len;
	return s;
}

struct example {
	const char *text, *signature;
	struct issuer_key key;
};

static struct example
rs256(void)
{
	struct example e = {
		"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb"
		"290Ijp0cnVlfQ",
		"cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJ"
		"dbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN"
		"9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXL"
		"IhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
		{ .algorithm = ISSUER_RS256 },
	};

	e.key.key =
	    octets_of("ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4Q"
		      "lL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBY"
		      "UsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNm"
		      "oudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ");
	e.key.exponent = octets_of("AQAB");
	return e;
}

static struct example
es256(void)
{
	struct example e = {
		"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb"
		"290Ijp0cnVlfQ",
		"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
		{ .algorithm = ISSUER_ES256 },
	};
	struct span x = octets_of("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
	struct span y = octets_of("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");

	e.key.key = (struct span){ x.p, x.len + y.len }; /* one behind the other */
	return e;
}

static struct example
eddsa(void)
{
	struct example e = {
		"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
		"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
		{ .algorithm = ISSUER_EDDSA },
	};

	e.key.key = octets_of("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
	return e;
}

static void
example_check(struct example e)
{
	struct span good = octets_of(e.signature), other = { store + used, good.len };
	EVP_PKEY *key = signature_key(&e.key);

	CHECK(key != NULL);
	EVP_PKEY_free(key);
	CHECK_EQ(signature_check(&e.key, span_of(e.text), good), 1);
	CHECK_EQ(signature_check(&e.key, span_of(e.text + 1), good), 0);
	/* Every bit of it counts. */
	for (size_t bit = 0; bit<8 * good.len; bit += good.len> 64 ? 37 : 1) {
		memcpy(store + used, good.p, good.len);
		store[used + bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK_EQ(signature_check(&e.key, span_of(e.text), other) == 1, 0);
	}
	memset(store + used, 0, good.len);
	CHECK_EQ(signature_check(&e.key, span_of(e.text), other) == 1, 0);
	CHECK_EQ(signature_check(&e.key, span_of(e.text), (struct span){ good.p, good.len - 1 }), 0);
	CHECK_EQ(signature_check(&e.key, span_of(e.text), (struct span){ good.p, 0 }), 0);
	memcpy(store + used, good.p, good.len);
	store[used + good.len] = 0;
	CHECK_EQ(signature_check(&e.key, span_of(e.text), (struct span){ store + used, good.len + 1 }), 0);
}

static void
test_what_is_no_key(void)
{
	struct issuer_key k = es256().key;
	uint8_t off[ISSUER_P256_BYTES];

	memcpy(off, k.key.p, sizeof off);
	off[63] ^= 1; /* beside the curve */
	k.key.p = off;
	CHECK(signature_key(&k) == NULL);
	k = eddsa().key;
	k.key.len = 31;
	CHECK(signature_key(&k) == NULL);
}

int
main(void)
{
	example_check(rs256());
	example_check(es256());
	example_check(eddsa());
	test_what_is_no_key();
	return check_end();
}
