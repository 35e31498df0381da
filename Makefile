# sallyport.  make | make run | make test | make check | make bench
# make conformance | make faults | make fuzz T=60 | make model | make sanitize | make abuse N=20000
# make million | make idle N=10000 | make lines | make install DESTDIR= PREFIX= | make clean
# Settable: CC=gcc|clang, CFLAGS, PREFIX, LIBC=musl|glibc (of the static programs; musl where it is installed).

PREFIX = /usr/local
SBINDIR = $(PREFIX)/sbin
LIBEXECDIR = $(PREFIX)/libexec/sallyport
MANDIR = $(PREFIX)/share/man
DOCDIR = $(PREFIX)/share/doc/sallyport
CC = gcc
CFLAGS = -O2 -g
# make Q= shows the commands
Q = @

TRIPLE := $(shell $(CC) -dumpmachine | sed 's/-pc-/-/')
CLANG := $(findstring clang,$(shell $(CC) --version | head -1))
MUSL := $(firstword $(wildcard /usr/lib/$(TRIPLE:gnu=musl)/rcrt1.o))
LIBC := $(if $(MUSL),musl,glibc)
B = build/$(LIBC)

WARN = -Wall -Wextra -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wshadow -Wformat=2 -Wvla -Werror
HARDEN = -fPIE -fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 \
	-ftrivial-auto-var-init=zero $(if $(CLANG),-enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang) \
	$(if $(findstring x86_64,$(TRIPLE)),-fcf-protection=full,-mbranch-protection=standard)
# NOWALLS=1 with LIBC=glibc: for tests/sanitize alone, programs that have no walls and refuse root (tests/nowalls).
comma = ,
LINK = -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code $(if $(NOWALLS),$(addprefix -Wl$(comma)--wrap=sandbox_,require enter enter_for)) $(SANITIZE)
ALL = -std=c11 $(WARN) $(HARDEN) $(CFLAGS) -ffile-prefix-map=$(CURDIR)=. -DLIBEXECDIR='"$(LIBEXECDIR)"' -Ilib

# small: for rooms that start for each session; a static-pie of musl has to be linked by hand (Debian's musl-gcc makes
# none), and finds the headers of the kernel and of libraries through links.  crypt.h wants
# glibc's sys/cdefs.h.  full: everything else, with glibc.
crt = $(shell $(CC) -print-file-name=$(1))
archive = $(shell gcc -print-file-name=lib$(1).a)
GLIBC_STATIC = $(CC) $(if $(NOWALLS),-pie,-static-pie) $(LINK) $(1) -o $@
ifeq ($(LIBC),musl)
M := $(dir $(MUSL))
SMALL = -nostdinc -isystem $(subst /lib/,/include/,$(M)) -isystem $(if $(CLANG),$(shell $(CC) -print-resource-dir)/include,$(call crt,include)) -isystem $(B)/include
SMALL_STATIC = $(CC) -nostdlib -nostartfiles -static-pie $(LINK) $(M)rcrt1.o $(M)crti.o $(call crt,crtbeginS.o) $(1) -L$(M) \
	-Wl,--start-group -lc -lgcc -lgcc_eh -Wl,--end-group $(call crt,crtendS.o) $(M)crtn.o -o $@
else
SMALL_STATIC = $(GLIBC_STATIC)
endif

PROGRAMS = $(addprefix $(B)/,sallyport proxyd pop3d authd authd-crypto storage giver taker sallyport-maildrop tlsd tlskey sallyport-user)
HEADERS = $(wildcard */*.h */crypto/*.h tests/walls/*.h) Makefile
sources = $(wildcard $(addsuffix /*.c,$(1)))
small = $(patsubst %.c,$(B)/small/%.o,$(call sources,$(1))) $(B)/small/lib.a
full = $(patsubst %.c,$(B)/full/%.o,$(call sources,$(1))) $(B)/full/lib.a
# The room authd with the methods that need OpenSSL in the place of those that do not.
# lib/crypto is of lib what needs OpenSSL and jansson, for this one and for users.
crypto = $(filter-out $(addprefix %/authd/,methods.o plain.o external.o),$(call full,authd/crypto lib/crypto authd))
users = $(call full,lib/crypto users)

all: $(PROGRAMS)

$(B)/sallyport: $(call small,launch)
	$(Q)$(call SMALL_STATIC,$^ $(call archive,cdb))
$(B)/proxyd: $(call small,proxyd)
	$(Q)$(call SMALL_STATIC,$^)
$(B)/giver: $(call small,giver)
	$(Q)$(call SMALL_STATIC,$^)
$(B)/taker: $(call small,taker)
	$(Q)$(call SMALL_STATIC,$^)
$(B)/sallyport-maildrop: $(call small,adopt)
	$(Q)$(call SMALL_STATIC,$^)
$(B)/pop3d: $(call small,pop3d)
	$(Q)$(call SMALL_STATIC,$^)
$(B)/storage: $(call small,storage)
	$(Q)$(call SMALL_STATIC,$^ $(call archive,sodium))
$(B)/authd: $(call small,authd)
	$(Q)$(call SMALL_STATIC,$^ $(call archive,cdb) $(call archive,sodium) $(call archive,crypt))
# Static too: it is executed in an empty root directory, by a process that may not map what can be executed.
$(B)/authd-crypto: $(crypto)
	$(Q)$(call GLIBC_STATIC,$(if $(NOWALLS),$(filter-out %/absent.o,$^),-Wl$(comma)--wrap=dlopen $^) $(foreach a,cdb sodium crypt jansson,$(call archive,$(a))) $(if $(NOWALLS),-lcrypto,$(call archive,crypto)))
# Dynamic, so that the distribution's updates of OpenSSL arrive without us.
$(B)/tlsd: $(call full,tlsd)
	$(Q)$(CC) -pie $(LINK) $^ -lssl -lcrypto -o $@
$(B)/tlskey: $(call full,tlskey)
	$(Q)$(CC) -pie $(LINK) $^ -lcrypto -o $@
$(B)/sallyport-user: $(users)
	$(Q)$(CC) -pie $(LINK) $^ -lcdb -lsodium -lcrypt -ljansson -lcrypto -o $@

$(B)/small/%.o: %.c $(HEADERS) | $(B)/include
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL) $(SMALL) -I$(<D) -c $< -o $@
$(B)/full/%.o: %.c $(HEADERS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL) -I$(<D) -c $< -o $@
# An archive, so that a room holds no code of lib that it does not use.
%/lib.a: $(addprefix %/,$(patsubst %.c,%.o,$(call sources,lib $(if $(NOWALLS),tests/nowalls))))
	$(Q)rm -f $@ && $(AR) rcD $@ $^
# Another PREFIX is another place to find the rooms.
$(B)/small/launch/config.o $(B)/full/launch/config.o: $(B)/prefix
$(B)/prefix: FORCE
	@mkdir -p $(B) && echo '$(LIBEXECDIR)' | cmp -s - $@ || echo '$(LIBEXECDIR)' >$@
$(B)/include: Makefile
	@mkdir -p $@
	$(Q)ln -sfn /usr/include/linux /usr/include/asm-generic /usr/include/cdb.h /usr/include/crypt.h /usr/include/sodium /usr/include/sodium.h $@
	$(Q)ln -sfn $(firstword $(wildcard /usr/include/$(TRIPLE)/asm /usr/include/asm)) $@/asm
	$(Q)mkdir -p $@/sys && printf '#define __%s\n' BEGIN_DECLS END_DECLS THROW >$@/sys/cdefs.h

# A unit test, tests/ROOM/FILE.c, is linked with the whole room but its main.c.
whole = $(if $(filter authd/crypto,$(1)),$(crypto),$(if $(filter users,$(1)),$(users),$(call full,$(1))))
unit = $(filter-out %/main.o %/absent.o,$(call whole,$(1)))
WALLS = $(foreach w,closed loose,$(addprefix $(B)/walls/$(w)/,launch proxyd pop3d authd authd-crypto storage giver taker tlsd tlskey)) $(B)/walls/loose/sallyport
UNITS = $(patsubst tests/%.c,$(B)/tests/%,$(call sources,$(addprefix tests/,lib launch proxyd pop3d authd authd/crypto lib/crypto storage giver taker adopt tlsd tlskey users)))
# A tracer is written for the registers of one processor.
INJECT = $(if $(findstring x86_64,$(TRIPLE)),$(addprefix $(B)/,inject count careless/authd))
units: unittests $(INJECT) $(WALLS)
unittests: $(UNITS)
$(B)/inject: tests/faults/inject.c
$(B)/count: tests/effort/count.c
$(B)/inject $(B)/count: tests/tracer.c tests/tracer.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL) -Itests $(filter %.c,$^) -o $@
$(B)/careless/authd: $(B)/small/tests/effort/careless.o $(call small,authd)
	@mkdir -p $(@D)
	$(Q)$(call SMALL_STATIC,-Wl$(comma)--wrap=verify_password $^ $(call archive,cdb) $(call archive,sodium) $(call archive,crypt))
.SECONDEXPANSION:
room_of = $(patsubst $(B)/tests/%,%,$(patsubst $(B)/tests/fuzz/%,$(B)/tests/%,$(@D)))
$(B)/tests/%: tests/%.c $$(call unit,$$(room_of))
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL) -Itests $(addprefix -I,$(sort $(room_of) $(firstword $(subst /, ,$(room_of))))) $(filter %.c %.o %.a,$^) -lcdb -lsodium -lcrypt -ljansson -lssl -lcrypto -o $@

# A fuzz target, tests/fuzz/ROOM/FILE.c, the same way; with an engine, and with a die that comes back (-Wclobbered:
# nothing that changes after setjmp is looked at after longjmp).
ENGINE = tests/fuzz/replay.c
FUZZ = $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/fuzz/*/*.c tests/fuzz/*/crypto/*.c))
fuzzers: $(FUZZ)
$(B)/tests/fuzz/%: tests/fuzz/%.c tests/fuzz/die.c $(wildcard tests/fuzz/*.h tests/fuzz/*/*.h) $(ENGINE) $$(call unit,$$(room_of))
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL) $(if $(CLANG),,-Wno-clobbered) -Itests/fuzz $(addprefix -I,$(sort $(room_of) $(firstword $(subst /, ,$(room_of))))) $(filter-out %/lib/die.o %/users/tell.o,$(filter %.c %.o %.a,$^)) -Wl,--wrap=log_send $(ENGINELINK) -lcdb -lsodium -lcrypt -ljansson -lssl -lcrypto -o $@

# Rooms that have been taken over: a room's own main.c, then tests/walls/ROOM.c in the place of what it does.  Those in
# closed stand behind every wall; from those in loose, tests/walls.py takes one out, to see that this is seen.
small_walls = $(addsuffix .o,$(addprefix $(B)/small/tests/walls/,$(1)))
full_walls = $(addsuffix .o,$(addprefix $(B)/full/tests/walls/,$(1)))
WITHOUT = -Wl,--wrap=syscall,--wrap=prctl,--wrap=chroot,--wrap=dup3,--wrap=setitimer,--wrap=ppoll,--wrap=drop_verify
hostile_launch = $(filter-out %/attempts.o,$(call small,launch))
hostile_proxyd = $(B)/small/proxyd/main.o $(B)/small/lib.a
hostile_pop3d = $(B)/small/pop3d/main.o $(B)/small/lib.a
hostile_giver = $(B)/small/giver/main.o $(B)/small/lib.a
hostile_taker = $(B)/small/taker/main.o $(B)/small/lib.a
hostile_storage = $(filter-out %/serve.o,$(call small,storage))
hostile_authd = $(B)/full/authd/main.o $(B)/full/lib.a
$(addprefix $(B)/walls/closed/,authd authd-crypto): $(B)/walls/closed/%: $(call full_walls,% attack calls) $(hostile_authd)
	@mkdir -p $(@D)
	$(Q)$(call GLIBC_STATIC,$^)
$(addprefix $(B)/walls/loose/,authd authd-crypto): $(B)/walls/loose/%: $(call full_walls,% attack calls without) $(hostile_authd)
	@mkdir -p $(@D)
	$(Q)$(call GLIBC_STATIC,$(WITHOUT) $^)
hostile_tlsd = $(filter-out %/handshake.o %/relay.o,$(call full,tlsd))
hostile_tlskey = $(addprefix $(B)/full/,tlskey/main.o tlskey/serve.o lib.a)
$(addprefix $(B)/walls/closed/,tlsd tlskey): $(B)/walls/closed/%: $(call full_walls,% attack calls files) $$(hostile_$$*)
	@mkdir -p $(@D)
	$(Q)$(CC) -pie $(LINK) $^ -lssl -lcrypto -o $@
$(addprefix $(B)/walls/loose/,tlsd tlskey): $(B)/walls/loose/%: $(call full_walls,% attack calls files without) $$(hostile_$$*)
	@mkdir -p $(@D)
	$(Q)$(CC) -pie $(LINK) $(WITHOUT) $^ -lssl -lcrypto -o $@
$(B)/walls/loose/sallyport: $(call small_walls,without) $(call small,launch)
	@mkdir -p $(@D)
	$(Q)$(call SMALL_STATIC,$(WITHOUT) $^ $(call archive,cdb))
$(B)/walls/closed/%: $(call small_walls,% attack calls) $$(hostile_$$*)
	@mkdir -p $(@D)
	$(Q)$(call SMALL_STATIC,$^ $(call archive,cdb) $(call archive,sodium))
$(B)/walls/loose/%: $(call small_walls,% attack calls without) $$(hostile_$$*)
	@mkdir -p $(@D)
	$(Q)$(call SMALL_STATIC,$(WITHOUT) $^ $(call archive,cdb) $(call archive,sodium))

packages:
	@etc/packages build
run: packages
	@$(MAKE) --no-print-directory -j$$(nproc) all && etc/demo $(B)
test:
	@etc/packages build test && tests/run
bench: packages all $(addprefix $(B)/,floor load fill)
	BUILD=$(B) python3 tests/bench/run.py
# N idle sessions at one time, and logins beside them; TLS=1: behind TLS, TLS=listen: by sallyport -l
idle: packages all $(B)/load
	BUILD=$(B) python3 tests/bench/idle.py $(or $(N),10000)
$(B)/floor: $(B)/small/tests/bench/floor.o
	$(Q)$(call SMALL_STATIC,$^)
$(B)/load $(B)/fill: $(B)/%: tests/bench/%.c
	$(Q)$(CC) $(ALL) $< -o $@
lines:
	@tests/lines
check:
	@etc/packages build test check && tests/check
# Debian's other POP3 servers, each in a layer of its own that vanishes: needs root and some minutes
conformance-peers:
	tests/conformance/peers $(if $(IDLE),--idle $(IDLE))
# ASan, UBSan and valgrind over the unit tests and over whole programs
sanitize:
	@etc/packages build test fuzz
	tests/sanitize
# N sessions of every manner while other programs use the same Maildirs
abuse: packages all
	BUILD=$(B) python3 tests/abuse.py $(or $(N),20000)
# A maildrop of N messages: nothing overflows, is cut or left out; in make test it has fewer
million: packages all
	COUNT=$(or $(N),1000001) BUILD=$(B) python3 tests/million.py
# N sessions that begin with a mutated ClientHello
hello: packages all
	HELLOS=$(or $(N),100000) BUILD=$(B) python3 tests/hello.py
# Spin's search of tests/model, deeper than in make test
model:
	@etc/packages build test
	python3 tests/model.py deep
# T=60 seconds for each target; with AFL=1 by AFL++ instead of libFuzzer.  fuzz-cover tells what the corpora reach.
fuzz fuzz-cover:
	@etc/packages build test fuzz
	tests/fuzz/run $(if $(findstring cover,$@),cover,$(if $(AFL),afl,fuzz) $(or $(T),60))
faults: packages all $(INJECT)
	FAULTS=all BUILD=$(B) python3 tests/faults.py
# what testssl.sh has to say of both kinds of port, which takes minutes
testssl: packages all
	BUILD=$(B) python3 tests/tlsclients.py testssl
# IDLE=720 adds the idle limit, and twelve minutes; WAY=--tls or WAY=--stls is all of it behind TLS
conformance: packages all
	BUILD=$(B) python3 tests/conformance.py score $(WAY) $(if $(IDLE),--idle $(IDLE))

install: all
	$(if $(NOWALLS),$(error programs without walls are not installed))
	install -d $(addprefix $(DESTDIR),$(SBINDIR) $(LIBEXECDIR) $(MANDIR)/man5 $(MANDIR)/man7 $(MANDIR)/man8 $(DOCDIR))
	install -d -m 0555 $(DESTDIR)$(LIBEXECDIR)/empty
	install -m 0755 $(B)/sallyport $(B)/sallyport-maildrop $(B)/sallyport-user $(DESTDIR)$(SBINDIR)
	install -m 0755 $(B)/proxyd $(B)/pop3d $(B)/authd $(B)/authd-crypto $(B)/storage $(B)/giver $(B)/taker $(B)/tlsd $(B)/tlskey $(DESTDIR)$(LIBEXECDIR)
	for s in 5 7 8; do install -m 0644 man/*.$$s $(DESTDIR)$(MANDIR)/man$$s; done
	install -m 0644 README.md SECURITY.md CHANGES.md LICENSE $(DESTDIR)$(DOCDIR)
	cp -R etc/examples $(DESTDIR)$(DOCDIR)
clean:
	rm -rf build

.SECONDARY:
.PHONY: FORCE million hello idle all units unittests packages run test bench lines check testssl conformance conformance-peers sanitize faults abuse model fuzz fuzz-cover install clean
