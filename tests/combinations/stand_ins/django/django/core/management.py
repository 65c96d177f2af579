from serving import serve


def execute_from_command_line(words):
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    if "runserver" in words:
        serve(application)
