"""`python -m harness`: what ./bench runs."""

from harness.cli import main

if __name__ == "__main__":
    main()
