"""`python -m local`: a Ctrl-C that falls into the second of imports ends it as quietly as a later one."""

import sys

INTERRUPTED = 130

try:
    from local.command import main
except KeyboardInterrupt:
    sys.exit(INTERRUPTED)

if __name__ == "__main__":
    main()
