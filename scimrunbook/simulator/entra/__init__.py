"""An Entra ID tenant whose provisioning service really provisions: engine, log, job, Graph and sign-in, exports."""
