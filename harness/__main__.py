"""`python -m harness`: what ./bench runs."""

import signal

if __name__ == "__main__":
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # until `main` takes it: Ctrl-C while importing is no traceback
    from harness.cli import main

    main()
