"""The audit report of a release, made from its journal alone: build the document, then show it in any format.

Pure: the clock, the time zone and the journals are passed in, and text is handed back. Whatever is missing (the
journal, its end, the log) the report is still made, and says what it could not learn.
"""

from deploy_lib.report.build import build
from deploy_lib.report.formats import EXTENSIONS, file_name, render
from deploy_lib.report.model import Report

__all__ = ["EXTENSIONS", "Report", "build", "file_name", "render"]
