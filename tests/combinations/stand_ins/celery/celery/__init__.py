class Celery:
    def __init__(self, name, include=(), **settings):
        self.include = list(include)

    def task(self, function):
        return function

    def autodiscover_tasks(self, packages):
        self.include += [f"{each}.tasks" for each in packages]
