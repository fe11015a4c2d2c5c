"""JupyterLab with a person in front of it: choosing or making an incident, checking again, answering, searching.

Everything here only adds to what stands in the notebook as static output; a headless run never imports it.
"""
