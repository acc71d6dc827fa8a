"""What a mail is: a report, a complaint, an automatic mail, a reply or an idea."""
