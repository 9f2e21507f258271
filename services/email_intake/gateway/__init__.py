"""Where e-mails come from: files and folders (`files`), and mail servers (`smtp`)."""
