"""One run, from what was asked to its report: a request, an outcome, a report, a case.

request = build_request(...)          # diag.run.request: everything that was asked, checked, the files read
outcome = execute(request)            # diag.run.execute: the facts and the findings
report = report_on(outcome, request)  # diag.run.report: the diagnoses and the exit code
"""
