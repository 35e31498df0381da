"""What the compiler and the linker were to do for the executables, read back from the executables themselves;
which source files can run as root; and what each room is linked with.
"""
import os
import re
import subprocess
import sys

BUILD = os.environ.get('BUILD', 'build/musl')
MUSL = BUILD.rstrip('/').endswith('musl')
STATIC = ['sallyport', 'proxyd', 'pop3d', 'storage', 'authd', 'authd-crypto', 'giver', 'taker', 'sallyport-maildrop']
DYNAMIC = {'sallyport-user': ['libc.so.6', 'libcdb.so.1', 'libcrypt.so.1', 'libcrypto.so.3', 'libjansson.so.4',
                             'libsodium.so.23'],
           'tlsd': ['libc.so.6', 'libcrypto.so.3', 'libssl.so.3'], 'tlskey': ['libc.so.6', 'libcrypto.so.3']}
ALL = STATIC + list(DYNAMIC)
ROOMS = ('launch', 'proxyd', 'pop3d', 'authd', 'storage', 'giver', 'taker', 'adopt', 'tlsd', 'tlskey', 'users')

# Every file of ours whose code can run as root.  A longer list needs a reason in its commit.
ROOT_CODE = '''launch/account.c launch/attempts.c launch/behind.c launch/certificates.c launch/checkpassword.c launch/config.c launch/crowd.c launch/identity.c launch/listen.c launch/main.c launch/offered.c launch/proxied.c launch/rooms.c launch/settle.c launch/start.c launch/system.c launch/tls.c
    lib/address.c lib/chan.c lib/colons.c lib/die.c lib/filter.c lib/log.c lib/maildrop.c lib/mechanism.c lib/msg.c lib/name.c lib/sandbox.c lib/signals.c lib/span.c lib/userdb.c'''.split()

passed = failed = 0


def check(name, good, why=''):
    global passed, failed
    if good:
        passed += 1
        print('ok', name)
    else:
        failed += 1
        print(f'FAIL {name}: {why}')


def out(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def producers(path):
    """(source file, compiler's switches) of each of our compile units."""
    info = out('readelf', '--debug-dump=info', '--dwarf-depth=1', path)
    units = []
    for unit in info.split('DW_TAG_compile_unit')[1:]:
        name, switches = (re.search(rf'DW_AT_{what}\s*:(.*)', unit) for what in ('name', 'producer'))
        units.append((name.group(1).split(':')[-1].strip() if name else '', switches.group(1) if switches else ''))
    return units


def sections(path):
    return out('readelf', '-lWd', path)


def needed(path):
    return sorted(re.findall(r'NEEDED.*\[(.*?)\]', sections(path)))


for program in ALL:
    path = f'{BUILD}/{program}'
    text = sections(path)
    check(f'{program}-pie', 'Type:' in out('readelf', '-h', path) and ' DYN ' in out('readelf', '-h', path))
    check(f'{program}-relro', 'GNU_RELRO' in text and re.search(r'BIND_NOW|FLAGS_1.*NOW', text), text)
    stack = re.search(r'GNU_STACK.*', text)
    check(f'{program}-stack-not-executable', stack and 'RWE' not in stack.group(), stack)
    check(f'{program}-no-writable-code', not re.search(r'LOAD.* RWE ', text))
    symbols = out('nm', path) if program in STATIC else out('nm', '-D', path)
    check(f'{program}-stack-protector', '__stack_chk_fail' in symbols)
    ours = [(n, s) for n, s in producers(path) if re.match(rf'({"|".join(ROOMS)}|lib)/', n)]
    check(f'{program}-has-our-code', len(ours) > 3, ours)
    for switch in ('-fstack-protector-strong', '-fstack-clash-protection', '-ftrivial-auto-var-init=zero', '-fPIE',
                   '-fcf-protection=full' if os.uname().machine == 'x86_64' else '-mbranch-protection=standard'):
        lacking = [n for n, s in ours if switch not in s]
        check(f'{program}{switch}', not lacking, lacking)
    if os.uname().machine == 'x86_64':
        code = out('objdump', '-d', '--no-show-raw-insn', '--disassemble=main', path)
        check(f'{program}-cet-landing', 'endbr64' in code)
    if not (MUSL and program in STATIC and program != 'authd-crypto'):
        # musl has no fortified functions; where glibc is used they are in the executable.
        check(f'{program}-fortify', re.search(r'__\w+_chk\b', symbols.replace('__stack_chk_fail', '')), 'no _chk function')

for program in STATIC:
    check(f'{program}-static', 'INTERP' not in sections(f'{BUILD}/{program}') and not needed(f'{BUILD}/{program}'))
for program, libraries in DYNAMIC.items():
    check(f'{program}-libraries', needed(f'{BUILD}/{program}') == libraries, needed(f'{BUILD}/{program}'))

root = sorted({n for n, _ in producers(f'{BUILD}/sallyport') if re.match(r'\w+/\w+\.c$', n) and not n.startswith('crt/')})
if not MUSL:
    root = [n for n in root if n.split('/')[0] in (*ROOMS, 'lib')]
check('root-code-is-what-the-list-says', root == ROOT_CODE, f'{root} is not {ROOT_CODE}')
for program in [r for r in ROOMS if os.path.exists(f'{BUILD}/{r}')]:
    rooms = {n.split('/')[0] for n, _ in producers(f'{BUILD}/{program}')} & set(ROOMS)
    check(f'{program}-holds-no-other-room', rooms == {program}, rooms)

print(f'{passed} passed, {failed} failed')
sys.exit(failed != 0)
