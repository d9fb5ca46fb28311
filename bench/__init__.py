"""What field-level permissions cost here and elsewhere, measured side by side: ``make bench``; docs/performance.md."""
