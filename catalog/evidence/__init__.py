"""What an auditor gets and can check without us: bundles and their check, reports, samples, tests of controls."""
