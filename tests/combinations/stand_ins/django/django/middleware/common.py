class CommonMiddleware:
    def __init__(self, answer):
        pass
