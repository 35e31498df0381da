/* msg: the contract between rooms, and all that one room knows of another.
 *
 * One message is one datagram on a SOCK_SEQPACKET socketpair: u8 type, then the fields in the order
 * written here.  Integers are big-endian; "bytes" is a u16 length and that many bytes.  A datagram that
 * is cut, empty, longer than its fields, of another type or out of its turn ends its receiver (102).
 *
 *   message      from     to       when                         how often        descriptor
 *   MSG_VERIFY   pop3d    authd    AUTHORIZATION                once per authd   none
 *   MSG_AUTH     pop3d    authd    AUTHORIZATION, instead       once per authd   none
 *   MSG_ANSWER   authd    pop3d    after VERIFY, AUTH or        once, and up to  none
 *                launch            RESPONSE, instead of a       CHALLENGES_MAX
 *                storage           verdict or of READY          that go on
 *   MSG_RESPONSE pop3d    authd    after ANSWER that goes on    once             none
 *   MSG_CANCEL   pop3d    authd    the same, instead            once             none
 *   MSG_READY    storage  pop3d    the maildrop is open         once             the table, read-only
 *   MSG_OPEN     pop3d    storage  TRANSACTION                  any number       none
 *   MSG_FILE     storage  pop3d    after OPEN                   once per OPEN    the message, read-only
 *   MSG_GONE     storage  pop3d    after OPEN, instead of FILE  once per OPEN    none
 *   MSG_MARKS    pop3d    storage  UPDATE, before COMMIT        any number       none
 *   MSG_COMMIT   pop3d    storage  UPDATE                       once             none
 *   MSG_DONE     storage  pop3d    after COMMIT                 once             none
 *   MSG_SIGN     tlsd     tlskey   the handshake                once             none
 *   MSG_SIGNED   tlskey   tlsd     after SIGN                   once             none
 *
 * Before any of these, behind a proxy, proxyd tells launch on a pipe of its own whom the connection is with:
 * PROXIED_BYTES bytes, or none.
 * Between a challenge and its response authd is silent: whoever waits for the client, which is pop3d, also gives up.
 *
 * The verdict goes from authd to launch on a pipe of its own: VERDICT_BYTES bytes, u8 mechanism, u8 users (whose name
 * that is: of users.cdb, or an account of the system), u8 length of the name that follows, padded with NULs, u8 version
 * of the TLS that the client is behind.  There is no message that says yes to pop3d.
 *
 * A pop3d whose client wants TLS (RFC 2595) has answered so, and ends with the status EXIT_STLS.
 * With sallyport -l, tlsd and tlskey are there before the connection, which launch hands to them: struct connection.
 * The facts of a TLS connection go from tlsd to authd, and for the log to storage, in a file that pop3d never holds:
 * FACTS_BYTES bytes, or none.
 */
#ifndef MSG_H
#define MSG_H

#include "address.h"
#include "span.h"

enum {
	MSG_MAX = 10240,     /* octets of one datagram */
	USER_MAX = 255,      /* octets of a user's name (RFC 4616) */
	PROOF_MAX = 512,     /* octets of a proof; PASS carries at most a command line */
	RESPONSE_MAX = 9216, /* octets of a SASL response: 12288 in base64 */
	CHALLENGE_MAX = 1024,
	CHALLENGES_MAX = 4, /* of one SASL exchange */
	UID_MAX = 70,       /* octets of a unique-id (RFC 1939 section 7) */
	MARKS_MAX = 4096,   /* octets of the bitmap in one MSG_MARKS */
	VERDICT_BYTES = 259,
	PROXIED_BYTES = 34,     /* of proxyd's record: u8 known, u8 tls, 16 octets remote, 16 octets local */
	RECORD_BYTES = 80,      /* of the table: u64 octets, u8 length of the unique-id, 70 octets, NUL */
	MESSAGES_MAX = 1 << 24, /* messages in one maildrop */
	EXPORTER_BYTES = 32,    /* of a channel binding (RFC 9266) */
	FINGERPRINT_BYTES = 32, /* SHA-256 of a certificate */
	CIPHER_MAX = 63,        /* octets of a cipher suite's name */
	FACTS_BYTES = 1 + 1 + 2 + EXPORTER_BYTES + FINGERPRINT_BYTES + 1 + CIPHER_MAX + 2 * (1 + USER_MAX),
	KEYS_MAX = 64,        /* private keys of one listener */
	SIGN_MAX = 256,       /* octets of what a handshake asks to be signed */
	SIGNATURE_MAX = 1024, /* octets of a signature: RSA of 8192 bits */
};

enum { EXIT_STLS = 90 };

enum msg_type {
	MSG_VERIFY = 1,
	MSG_ANSWER,
	MSG_READY,
	MSG_OPEN,
	MSG_FILE,
	MSG_GONE,
	MSG_MARKS,
	MSG_COMMIT,
	MSG_DONE,
	MSG_AUTH,
	MSG_RESPONSE,
	MSG_CANCEL,
	MSG_SIGN,
	MSG_SIGNED,
};

/* How a client can prove who it is; mechanism.h has their names. */
enum mechanism {
	MECH_PASS,
	MECH_APOP,
	MECH_PLAIN, /* from here on: SASL */
	MECH_LOGIN,
	MECH_CRAM_MD5,
	MECH_SCRAM_SHA1,
	MECH_SCRAM_SHA1_PLUS,
	MECH_SCRAM_SHA256,
	MECH_SCRAM_SHA256_PLUS,
	MECH_EXTERNAL,
	MECH_OAUTHBEARER,
	MECH_XOAUTH2,
	MECH__MAX
};

/* Why a login did not succeed, or what else is needed.  Never more than this, never who. */
enum answer {
	ANSWER_NO,        /* these credentials do not open a maildrop */
	ANSWER_LATER,     /* we failed; the same credentials may do later */
	ANSWER_PERMANENT, /* an administrator must repair something first */
	ANSWER_IN_USE,    /* right, but another session holds the lock */
	ANSWER_GO_ON,     /* this challenge goes to the client, and the response back */
	ANSWER_LIMITED,   /* too many wrong guesses, at whatever it was: not judged */
	ANSWER__MAX,
};

enum mark { MARK_DELETE, MARK_RETRIEVED, MARK__MAX };

/* Why a message cannot be had. */
enum gone {
	GONE_REMOVED, /* another program removed it */
	GONE_CHANGED, /* it is no longer the message that was counted at login */
	GONE_FAILED,  /* it cannot be read now */
	GONE__MAX,
};

/* A sticky cursor to read one datagram: after a bad field every read yields zero and rd_end() says -1. */
struct rd {
	struct span in;
	bool bad;
};

struct rd rd_of(struct span in);
void rd_type(struct rd *m, enum msg_type type);
uint8_t rd_u8(struct rd *m);
uint16_t rd_u16(struct rd *m);
uint32_t rd_u32(struct rd *m);
uint64_t rd_u64(struct rd *m);
struct span rd_bytes(struct rd *m, size_t max);
/* 0 if every field was there and nothing is left over, otherwise -1. */
int rd_end(struct rd *m);

/* The same to write one: a buffer that fails as a whole. */
struct wr {
	size_t len;
	bool bad;
	uint8_t b[MSG_MAX];
};

void wr_u8(struct wr *m, uint8_t v);
void wr_u16(struct wr *m, uint16_t v);
void wr_u32(struct wr *m, uint32_t v);
void wr_u64(struct wr *m, uint64_t v);
void wr_bytes(struct wr *m, struct span v);
struct span wr_span(const struct wr *m);

/* MSG_VERIFY: may this client log in as this user, by PASS or APOP?
 *	u8 type, u8 mechanism, bytes user (1..255, no NUL), bytes proof (1..512)
 *	01 00 0003 626f62 0004 6f70656e		bob, by the password "open" */
struct verify {
	uint8_t mechanism;
	struct span user;
	struct span proof;
};
void verify_put(struct wr *m, const struct verify *v);
int verify_get(struct span in, struct verify *v);

/* MSG_AUTH: the client begins a SASL exchange (RFC 5034).  An initial response that is not given has no octets, but
 * one of no octets may be given.
 *	u8 type, u8 mechanism, u8 given (0, 1), bytes response (0..9216)
 *	0a 02 01 000c 00626f62006f70656e20736573	PLAIN, with "\0bob\0open ses" */
struct auth {
	uint8_t mechanism;
	bool given;
	struct span response;
};
void auth_put(struct wr *m, const struct auth *a);
int auth_get(struct span in, struct auth *a);

/* MSG_RESPONSE: what the client said to the challenge, decoded.
 *	u8 type, bytes response (0..9216)
 *	0b 0003 626f62 */
void response_put(struct wr *m, struct span response);
int response_get(struct span in, struct span *response);

/* MSG_CANCEL: it will not say anything to it.
 *	u8 type
 *	0c */
void cancel_put(struct wr *m);
int cancel_get(struct span in);

/* MSG_ANSWER: no, later, permanent, in use, or a challenge to go on with; there is no yes.
 *	u8 type, u8 answer, bytes challenge (0..1024, empty unless the answer is to go on)
 *	02 00 0000				no */
struct answer_msg {
	uint8_t answer;
	struct span challenge;
};
void answer_put(struct wr *m, enum answer a);
void challenge_put(struct wr *m, struct span challenge);
int answer_get(struct span in, struct answer_msg *a);

/* MSG_READY: the maildrop is locked and open.  With it comes the descriptor of the table.
 *	u8 type, u32 count of messages, u64 octets of all, bytes user (the name as the database has it)
 *	03 00000002 0000000000000140 0003 626f62 */
struct ready {
	uint32_t count;
	uint64_t octets;
	struct span user;
};
void ready_put(struct wr *m, const struct ready *r);
int ready_get(struct span in, struct ready *r);

/* MSG_OPEN: hand me message n, 1..count.
 *	u8 type, u32 n
 *	04 00000001 */
void open_put(struct wr *m, uint32_t n);
int open_get(struct span in, uint32_t *n);

/* MSG_FILE: message n is the first `size` bytes of the descriptor that comes with this.
 *	u8 type, u32 n, u64 size (bytes as stored, not octets as sent)
 *	05 00000001 0000000000000096 */
struct file_msg {
	uint32_t n;
	uint64_t size;
};
void file_put(struct wr *m, const struct file_msg *f);
int file_get(struct span in, struct file_msg *f);

/* MSG_GONE: message n cannot be had.
 *	u8 type, u32 n, u8 why
 *	06 00000001 00 */
struct gone_msg {
	uint32_t n;
	uint8_t why;
};
void gone_put(struct wr *m, const struct gone_msg *g);
int gone_get(struct span in, struct gone_msg *g);

/* MSG_MARKS: bit b of the bitmap (least significant first) marks message base + b + 1.
 *	u8 type, u8 mark, u32 base (a multiple of 8), bytes bitmap (1..4096)
 *	07 00 00000000 0001 05			delete messages 1 and 3 */
struct marks {
	uint8_t mark;
	uint32_t base;
	struct span bitmap;
};
void marks_put(struct wr *m, const struct marks *k);
int marks_get(struct span in, struct marks *k);

/* MSG_COMMIT: now remove what is marked: so many messages, or the marks did not arrive whole.
 *	u8 type, u32 deleted, u32 retrieved
 *	08 00000002 00000002 */
struct commit {
	uint32_t deleted;
	uint32_t retrieved;
};
void commit_put(struct wr *m, const struct commit *c);
int commit_get(struct span in, struct commit *c);

/* MSG_DONE: so many messages are gone from the maildrop, and so many would not go.
 *	u8 type, u32 removed, u32 failed
 *	09 00000002 00000000 */
struct done {
	uint32_t removed;
	uint32_t failed;
};
void done_put(struct wr *m, const struct done *d);
int done_get(struct span in, struct done *d);

/* MSG_SIGN: sign this, and nothing after it.  input is a whole CertificateVerify of TLS 1.3 or ServerKeyExchange of
 * TLS 1.2, not its hash: tlskey looks at what it signs.
 *	u8 type, u8 key (0..KEYS_MAX-1, as launch numbered them), u16 scheme (RFC 8446 section 4.2.3), bytes input
 *	0d 00 0804 0082 2020...			RSA-PSS with SHA-256, by the first key */
struct sign {
	uint8_t key;
	uint16_t scheme;
	struct span input;
};
void sign_put(struct wr *m, const struct sign *s);
int sign_get(struct span in, struct sign *s);

/* MSG_SIGNED: the signature.
 *	u8 type, bytes signature (1..1024)
 *	0e 0100 5a30... */
void signed_put(struct wr *m, struct span signature);
int signed_get(struct span in, struct span *signature);

/* A connection, from launch to a tlsd and a tlskey that have waited for it, each on a channel where nothing else is said:
 *	u32 seconds until it must have ended, bytes sid, bytes rip, bytes lip
 * To tlsd with five descriptors (the client, the channel to tlskey, the input and the output of the program behind, the
 * facts), to tlskey with one (the channel to tlsd). */
enum { CONNECTION_FDS = 5, SID_MAX = 39 };
struct connection {
	uint32_t seconds;
	struct span sid, rip, lip; /* printable, for the log */
};
void connection_put(struct wr *m, const struct connection *c);
int connection_get(struct span in, struct connection *c);

/* "TLSv1.2", "TLSv1.3"; "-" for any other number. */
const char *tls_version_name(uint16_t version);

/* The verdict.  verdict_get returns 0 and the name inside in, or -1 if those are not VERDICT_BYTES
 * well-formed bytes. */
/* Where a name was found: launch looks up what it means there and nowhere else. */
enum users_of { USERS_OWN, USERS_SYSTEM, USERS_OF__MAX };
struct verified {
	uint8_t mechanism;
	uint8_t users; /* of enum users_of */
	struct span user;
	uint8_t tls; /* for the log: the second octet of facts.version, 3 or 4; 0 without */
};
void verdict_put(uint8_t out[VERDICT_BYTES], const struct verified *v);
int verdict_get(struct span in, struct verified *v);

/* What authd exits with, having said nothing, when it leaves the attempt in the channel for authd-crypto. */
enum { STATUS_ELSEWHERE = 10 };

/* APOP's timestamp, "<32 hexadecimal digits@HOST>": launch makes it from random octets, and tells it to pop3d, which shows
 * it, and to authd, which judges by it, each as an argument; "-" where there is none. */
enum { STAMP_MAX = 1 + 32 + 1 + USER_MAX + 1 };

/* What tlsd knows of the TLS that the client is behind:
 *	u8 version of this form (1), u8 flags, u16 version of TLS (0x0303, 0x0304), 32 octets exporter, 32 octets
 *	fingerprint, then the cipher (1..63 octets), the server name (0..255) and the identity (0..255), each as a u8
 *	length and its octets, padded with NULs to 64, 256 and 256 */
enum {
	FACTS_EXPORTER = 1 << 0,    /* exporter is this connection's: TLS 1.3, or 1.2 with extended master secret */
	FACTS_CERTIFICATE = 1 << 1, /* the client showed a certificate that tlsd verified: fingerprint is its */
	FACTS_FLAGS = (1 << 2) - 1
};
/* The octet that tlsd writes to pop3d before the first of the client's: whether there is an exporter.  pop3d announces by
 * it, and authd, which has the facts, does not hear of it. */
enum { MARK_NONE = 'n', MARK_EXPORTER = 'x' };

struct facts {
	uint8_t flags;
	uint16_t version;
	uint8_t exporter[EXPORTER_BYTES];       /* label EXPORTER-Channel-Binding, no context; NULs without the flag */
	uint8_t fingerprint[FINGERPRINT_BYTES]; /* the same */
	struct span cipher;                     /* as OpenSSL names it, printable ASCII */
	struct span server_name; /* what the client asked for (RFC 6066), printable ASCII; may be empty */
	struct span identity;    /* the name in that certificate that stands for a user, no NUL; empty for none */
};
void facts_put(uint8_t out[FACTS_BYTES], const struct facts *f);
/* Returns 0, or -1 if in is not FACTS_BYTES well-formed bytes.  The spans point into in. */
int facts_get(struct span in, struct facts *f);

/* What the log says of them: version 0 and nothing else without TLS of ours. */
struct facts_text {
	uint16_t version;
	char cipher[CIPHER_MAX + 1];
	char server_name[USER_MAX + 1];
};
void facts_text_of(struct facts_text *t, const struct facts *f);

/* What a PROXY header said, from proxyd to launch on a pipe of its own: whom the connection is really with.
 *	u8 known (0 or 1), u8 tls (0 or 1), 16 octets remote, 16 octets local (zero unless known) */
struct proxied {
	bool known; /* false: the proxy itself asks (LOCAL), or cannot say */
	bool tls;   /* the client spoke TLS with the proxy */
	struct address remote, local;
};
void proxied_put(uint8_t out[PROXIED_BYTES], const struct proxied *p);
/* Returns 0, or -1 if in is not exactly such a record. */
int proxied_get(struct span in, struct proxied *p);

/* One record of the table. */
struct record {
	uint64_t octets;
	struct span uid;
};
void record_put(uint8_t out[RECORD_BYTES], const struct record *r);
int record_get(const uint8_t in[RECORD_BYTES], struct record *r);

#endif
