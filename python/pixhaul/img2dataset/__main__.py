"""`python -m pixhaul.img2dataset`: img2dataset's command line."""

from .main import main

if __name__ == "__main__":
    main()
