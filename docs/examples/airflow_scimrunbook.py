"""Airflow: one incident, the nine notebooks as tasks. Needs apache-airflow-providers-papermill beside scimrunbook.

The first task collects once (``run: new``); the others open that run (``run: latest``), so all judge the same data.
Tokens never pass through Airflow: the incident file holds references, resolved on the worker that collects.
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

with DAG("scimrunbook", start_date=datetime(2026, 1, 1), schedule=None, catchup=False) as dag:
    tasks = [
        PapermillOperator(
            task_id=section,
            input_nb=f"{NOTEBOOKS}/{section}.ipynb",
            output_nb=f"{RESULTS}/{section}.ipynb",
            parameters={"incident": INCIDENT, "run": "new" if section == SECTIONS[0] else "latest"},
            engine_name="scimrunbook",  # scrubs before anything is written
        )
        for section in SECTIONS
    ]
    tasks[0] >> tasks[1:]
