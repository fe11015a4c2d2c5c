"""Airflow: one incident, the nine notebooks as tasks. Needs apache-airflow-providers-papermill beside scimrunbook.

The first task collects once (``run: new``); the others open the newest run of the incident file (``run: latest``). One
run of the DAG at a time, and nobody else running this incident meanwhile, so all judge the same data. Tokens never pass
through Airflow: the incident file holds references, resolved on the worker that collects.
"""

from datetime import datetime

from airflow import DAG
from airflow.providers.papermill.operators.papermill import PapermillOperator

INCIDENT = "/srv/scim/parameters/CAT-1042.yaml"
NOTEBOOKS = "/srv/scim/notebooks"
RESULTS = "/srv/scim/airflow"
SECTIONS = (
    "00_start_here",
    "01_symptoms",
    "02_connection",
    "03_base_url_and_token",
    "04_attribute_mapping",
    "05_assignments",
    "06_sync_and_logs",
    "07_manual_and_scim_accounts",
    "08_contact_support",
)


class ScrubbedPapermillOperator(PapermillOperator):
    """Executes with the engine that scrubs before anything is written; the operator itself takes no ``engine_name``."""

    def execute(self, context):
        from papermill.engines import papermill_engines

        from scimrunbook.engine import ScimrunbookEngine

        papermill_engines.register(None, ScimrunbookEngine)  # the default engine of this task's own process
        return super().execute(context)


with DAG("scimrunbook", start_date=datetime(2026, 1, 1), schedule=None, catchup=False, max_active_runs=1) as dag:
    tasks = [
        ScrubbedPapermillOperator(
            task_id=section,
            input_nb=f"{NOTEBOOKS}/{section}.ipynb",
            output_nb=f"{RESULTS}/{section}.ipynb",
            parameters={"incident": INCIDENT, "run": "new" if section == SECTIONS[0] else "latest"},
        )
        for section in SECTIONS
    ]
    tasks[0] >> tasks[1:]
