"""`python -m ringcast`."""

from ringcast.cli import main

if __name__ == "__main__":
    main()
