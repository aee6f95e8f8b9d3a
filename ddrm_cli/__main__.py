"""``python -m ddrm_cli`` is the program ``ddrm``."""

from ddrm_cli.cli.main import run

if __name__ == "__main__":
    run()
