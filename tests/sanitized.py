"""sanitized: the transcripts of sessions with programs that ASan and UBSan watch.  It is the same whatever libc the rooms have."""

import os

os.execv(os.path.join(os.path.dirname(os.path.abspath(__file__)), "sanitize"), ["sanitize", "short"])
