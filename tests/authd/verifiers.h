/* Verifiers of known passwords, made by libxcrypt, libsodium and the reference implementation of argon2. */
#ifndef VERIFIERS_H
#define VERIFIERS_H

static const struct {
	const char *verifier, *password;
} verifiers[] = {
	{ "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$6JlLzEdKMvGk83Zgd3owplAejssJr2SFlJFlOc7i54A", "open sesame" },
	{ "$y$j75$F5Jx5fExrKuPp53xLKQ..1$b9ipOqv8PnW5AVU85r73I0FOIAcGICbbCril3UpGHU0", "open sesame" },
	{ "$gy$j8T$F5Jx5fExrKuPp53xLKQ..1$DwBJ4PthpntXtAbE8YsItXLJSNSUuE3CzFimkF5Y.y1", "open sesame" },
	{ "$7$65..../....abcdefgh$MbBWKIpTpCjQrVlp9XriBZ.qk4zu1AohBa5yFJp3lK2", "open sesame" },
	{ "$2b$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy", "open sesame" },
	{ "$2y$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy", "open sesame" },
	{ "$6$abcdefgh$CkjGkP7IIgZVUCNlt.Vi53LOYJLXZ5KzdpzEYCj01XGruA1hxZYJqccTU2zz68oJwAGsd1iPty5F7dHIatUTy/",
	  "open sesame" },
	{ "$5$abcdefgh$FWXdh6oXOJQkX7oAcP02d0Gnxjct6ra8Fwv29U9RIN2", "open sesame" },
	{ "$1$abcdefgh$9qMkHazuSy1Q8myEum7yb/", "open sesame" },
	{ "$argon2id$v=19$m=64,t=1,p=1$h44fUHKTTXXql4q+LGJJug$gaQhsKwxcVa+3goazd/SvQYATrKXWejkFGp5t1mURr4",
	  "open sesame" },
	{ "$argon2i$v=19$m=64,t=3,p=1$1tGwtZsWoQ9yg9910kjHew$NBZ62BgF9+tja90igUjfkbJ+vVQM0H2KopYqUFqdMc8",
	  "open sesame" },
	{ "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "password" },
	{ "$argon2id$v=19$m=65536,t=3,p=4$MIIRqgvgQbgj220jfp0MPA$YfwJSVjtjSU0zzV/P3S9nnQ/USre2wvJMjfCIjrTQbg",
	  "correct horse battery staple" },
};

enum { VERIFIERS = sizeof verifiers / sizeof verifiers[0] };

#endif
