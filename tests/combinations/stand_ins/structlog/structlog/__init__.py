def get_logger(name=None):
    return name
