"""Writes the Grafana dashboards and the alerts, in Grafana's form and in Prometheus': python -m scripts.dashboards"""
