def load_dotenv(path=None):
    return False
