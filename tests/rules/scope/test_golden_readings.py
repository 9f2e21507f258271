"""How the ambiguities of the four documents are read: short requests with their verdict and the clause that decides."""

import pytest

HN, KX_SHARED, KX_WP = "hypernode/general", "kenotronix/shared-hosting", "kenotronix/managed-wordpress"
KX_VPS, KX_DEV, KX_G = "kenotronix/vps-dedicated", "kenotronix/vps-developer", "kenotronix/g-suite"
LC, LC_EXT = "luxcloud/hosted-services", "luxcloud/externally-hosted-services"
HS, HS_PRIORITY = "h-sphere/general/regular", "h-sphere/general/priority"

READINGS = [
    # Hypernode
    (HN, "Please restore our database from the backup of last Tuesday.", "paid", "backups.restore-by-support"),
    (HN, "Please restore our database from the backup of six weeks ago.", "unsupported", "backups.four-weeks-coverage"),
    (HN, "How can we restore files from the backup ourselves?", "supported", "backups.self-service-restore"),
    (HN, "Zet alstublieft onze database terug uit de backup van gisteren.", "paid", "backups.restore-by-support"),
    (HN, "Since we use SSL our shop dropped in Google, please improve our ranking.", "unsupported", "exclusions.seo"),
    (HN, "Please install Varnish on our node.", "needs-info", "performance.varnish-installation"),
    (HN, "Write a VCL for our shop so that categories are cached.", "unsupported", "performance.varnish-configuration"),
    (HN, "Can you mediate between us and our developer?", "unsupported", "complaints.no-mediation"),
    (HN, "We have a dispute with our developer, what would you do?", "supported", "complaints.conflict-advice"),
    (HN, "I want to cancel my hosting per the end of the month.", "procedure", "complaints.cancellation-protocol"),
    (HN, "The shop gives error 500 today, please look in the logs.", "supported", "server.inspect-and-debug"),
    (HN, "Can you migrate our email together with the shop?", "unsupported", "onboarding.no-email-migration"),
    (HN, "Change the DNS records at our registrar GoDaddy for us.", "unsupported", "onboarding.no-external-dns"),
    (HN, "Which A record do we need for our domain?", "courtesy", "domains.dns-courtesy"),
    (HN, "Outlook op mijn laptop vraagt steeds om mijn wachtwoord.", "unsupported", "exclusions.email-clients"),
    (HN, "Our site is infected with malware, please clean it.", "customer-responsibility", "server.application-cause"),
    (HN, "Kunnen jullie onze Magento updaten?", "customer-responsibility", "security.customer-updates"),
    (HN, "Do you monitor RabbitMQ?", "supported", "monitoring.core-services"),
    (HN, "Our own module throws notices, we know it is our code. Any idea?", "courtesy", "application.best-effort"),
    (
        HN,
        "Onze eigen ontwikkelaar schreef de koppeling, de bug zit in onze eigen code. Wilt u eens meekijken?",
        "courtesy",
        "application.best-effort",
    ),
    (HN, "Do you have any tips to make the shop faster? Our developer can do it.", "supported", "performance.advice"),
    (HN, "Please optimise our shop so that it loads faster.", "unsupported", "performance.no-implementation"),
    (HN, "I ran the restore command and it says permission denied.", "supported", "backups.self-service-restore"),
    (HN, "Who is right, we or our developer? You decide.", "unsupported", "complaints.no-mediation"),
    (HN, "Is the root disk of our node monitored as well?", "supported", "monitoring.root-filesystem"),
    (HN, "I bought a certificate at another provider, install it please.", "unsupported", "ssl.implementation"),
    # Kenotronix: the product's section comes before the overview
    (KX_WP, "Where do I find the backups of my site?", "supported", "managed-wordpress.backup"),
    (KX_SHARED, "Can you make a backup of my site?", "customer-responsibility", "shared-hosting.backup"),
    (KX_VPS, "My server has been hacked, please clean it up.", "paid", "vps-dedicated.security-correction-paid"),
    (
        KX_VPS,
        "The security scan reports malware, can you remove the malware?",
        "paid",
        "vps-dedicated.security-correction-paid",
    ),
    (KX_VPS, "Is the daily security scan active on our server?", "supported", "vps-dedicated.security-scan"),
    (
        KX_SHARED,
        "Kunt u deze databasedump voor mij inlezen?",
        "customer-responsibility",
        "shared-hosting.database-administration",
    ),
    (KX_SHARED, "My site has been hacked, please clean it up.", "unsupported", "general.customer-vector-hacks"),
    (
        KX_WP,
        "You removed my cache plugin, put it back.",
        "unsupported",
        "managed-wordpress.unauthorized-plugin-removal",
    ),
    (
        KX_WP,
        "Why was the cache plugin removed last night?",
        "procedure",
        "managed-wordpress.unauthorized-plugin-removal",
    ),
    (KX_VPS, "Show me how to schedule a task in Plesk?", "supported", "vps-dedicated.plesk-assistance"),
    (KX_SHARED, "Internet banking of my bank refuses your IBAN.", "unsupported", "general.bank-payment"),
    (KX_SHARED, "Why was my card charged twice this month?", "supported", "general.billing-question"),
    (KX_G, "Mails in G Suite arrive hours late since this morning.", "supported", "g-suite.incidents"),
    (KX_WP, "The default theme shows an error, nothing was changed.", "supported", "managed-wordpress.default-theme"),
    (
        KX_SHARED,
        "I put another theme on the Joomla of your one-click installer and now it is white.",
        "unsupported",
        "shared-hosting.one-click-customization",
    ),
    (KX_DEV, "Please run the apt security updates.", "customer-responsibility", "vps-developer.server-administration"),
    (KX_G, "Can you check our DNS zone for errors?", "supported", "g-suite.dns-inspection"),
    # LuxCloud
    (LC, "Which IMAP server and port do I enter in Outlook?", "supported", "account.mail-client-basic"),
    (
        LC,
        "Welke servernaam en poort heb ik nodig voor mail op mijn nieuwe telefoon?",
        "supported",
        "account.mail-client-basic",
    ),
    (LC, "We want a workshop for our staff on how to use the CRM.", "unsupported", "exclusions.training"),
    (LC, "What can the product do, is there an overview of its features?", "supported", "general.feature-overview"),
    (LC, "My Outlook rules do not move the mails to a folder.", "unsupported", "account.mail-client-advanced"),
    (LC, "I order the one-hour analysis of my hacked account.", "paid", "paid-support.analysis"),
    (LC, "My account was hacked. Clean all files, free of charge.", "unsupported", "exclusions.no-disinfection"),
    (LC, "I cannot make an FTP connection to my account.", "courtesy", "account.ftp-connection"),
    (LC, "Does the control panel work in Internet Explorer 8?", "unsupported", "browsers.native-support"),
    (LC, "The portal shows an empty page in Microsoft Edge.", "needs-info", "browsers.native-support"),
    (LC, "Please change the primary domain of my account.", "supported", "account.primary-domain-change"),
    (LC, "Our SugarCRM shows an error when we export a report.", "supported", "hosted-services.product-sugarcrm"),
    (
        LC_EXT,
        "The Acronis backup job fails with an error every night.",
        "supported",
        "externally-hosted-services.product-acronis",
    ),
    (LC, "SharePoint gives an error on upload.", "supported", "hosted-services.product-hosted-sharepoint"),
    (
        LC_EXT,
        "SharePoint gives an error on upload.",
        "supported",
        "externally-hosted-services.product-sharepoint-microsoft",
    ),
    (LC_EXT, "Please carry out the MigrationWiz migration for us.", "unsupported", "exclusions.hands-on-deployment"),
    (
        LC_EXT,
        "Three mailboxes of our MigrationWiz project have the status failed.",
        "supported",
        "externally-hosted-services.product-migrationwiz",
    ),
    (LC_EXT, "Can an engineer drop by to install Acronis?", "unsupported", "exclusions.on-site-installation"),
    (LC, "My site was hacked, clean it. I am not going to pay 150 euro.", "unsupported", "exclusions.no-disinfection"),
    (LC, "Wij zijn gehackt. Maak een forensisch rapport van de inbraak.", "unsupported", "exclusions.no-forensics"),
    (
        LC,
        "Our Joomla was hacked, what must I do now?",
        "customer-responsibility",
        "exclusions.recommend-restore-and-update",
    ),
    (LC, "Norton blocks the connection of my mail program.", "unsupported", "exclusions.client-os-firewall-antivirus"),
    (LC, "Can you lay out the network in our new office?", "unsupported", "exclusions.network-setup"),
    (LC, "The CCP refuses our TXT record with an error.", "supported", "hosted-services.product-dns-hosting"),
    (LC, "Does the clock of your SLA stop while a supplier has the case?", "supported", "general.sla-suspension"),
    (LC, "Tot wanneer wordt Hosted SharePoint nog ondersteund?", "supported", "hosted-services.end-of-life-list"),
    # H-Sphere
    (HS, "Apache restarts and the load is 40, which script is it?", "courtesy", "policy.cannot-troubleshoot"),
    (HS, "Please configure the firewall of our servers.", "unsupported", "unsupported.firewall"),
    (HS_PRIORITY, "Set the PTR record for our mail server.", "unsupported", "unsupported.reverse-dns"),
    (HS, "Please recompile PHP with imap support.", "paid", "services.recompilation"),
    (HS, "I do not like how the quota screen works, change it.", "paid", "policy.change-project-paid"),
    (HS, "Please upgrade our H-Sphere to the latest version.", "paid", "services.upgrade"),
    (HS, "How much is the regular support plan in the second year?", "paid", "plans.regular-price"),
    (HS, "Is the first year of the support plan free?", "supported", "plans.regular-first-year-free"),
    (HS, "What does priority support for six servers cost?", "paid", "plans.priority-price"),
    (HS, "How do we order priority support?", "paid", "plans.priority-order"),
    (
        HS_PRIORITY,
        "Can we cancel the priority support plan after one month?",
        "procedure",
        "plans.priority-minimum-term",
    ),
    (
        HS_PRIORITY,
        "The support plan says within one month you are eligible for, and then the sentence stops.",
        "procedure",
        "plans.priority-eligibility",
    ),
    (
        HS,
        "If two servers are down at once, suppose, who is helped first: we or a priority customer?",
        "procedure",
        "policy.priority-first",
    ),
    (HS, "What do you regard as an emergency?", "procedure", "emergency.server-down"),
    (HS_PRIORITY, "Are you open on Ukrainian holidays?", "supported", "plans.priority-weekend-hours"),
    (HS, "Zijn jullie zaterdag open?", "supported", "plans.regular-weekend-hours"),
    (HS, "We run H-Sphere 2.3, may we upgrade it ourselves?", "customer-responsibility", "version.upgrade-required"),
    (
        HS,
        "Our server was rooted by a hacker and does not boot, please recover it.",
        "paid",
        "services.server-recovery-hacked",
    ),
    (HS, "Please write a set of iptables rules for our new box.", "unsupported", "unsupported.firewall"),
]


@pytest.mark.parametrize(("where", "text", "verdict", "clause"), READINGS, ids=[row[1][:50] for row in READINGS])
def test_a_request_is_read_as_the_documents_are(decide, where, text, verdict, clause):
    decision = decide(where, text)
    assert decision.verdict == verdict
    assert f"{where.partition('/')[0]}.{clause}" in decision.clauses[:3]


SILENT = [
    (LC, "What are your support hours?", "technical"),
    (LC, "What uptime in percent does your SLA guarantee?", "technical"),
    (LC, "Ik wil mijn geld terug voor de laatste factuur.", "financial"),
    (HS, "How do I get my invoice?", "financial"),
]


@pytest.mark.parametrize(("where", "text", "department"), SILENT, ids=[row[1][:40] for row in SILENT])
def test_where_the_document_is_silent_a_person_decides(decide, where, text, department):
    decision = decide(where, text)
    assert decision.verdict == "not-covered"
    assert decision.department == department
    assert decision.needs_person


def test_support_hours_that_are_not_stated_are_unknown(decide):
    assert decide(LC, "My mailbox is full").in_support_hours is None
    assert decide(HN, "Redis stopped on our node").in_support_hours is True


@pytest.mark.parametrize(
    "text",
    [
        "Bedankt voor de snelle hulp, het werkt weer!",
        "Thanks, the problem is solved now.",
        "I am out of the office until Monday.",
        "We offer cheap backlinks and guest posts, increase your sales!",
    ],
)
def test_what_asks_nothing_needs_no_action(decide, text):
    assert decide(HN, text).verdict == "no-action"


def test_thanks_at_the_end_of_a_request_do_not_hide_it(decide):
    assert decide(HN, "Please restore our database from yesterday's backup. Thanks in advance!").verdict == "paid"


@pytest.mark.parametrize(
    "text",
    [
        "I need help with my stuff",
        "It does not work!",
        "Kunt u mij helpen?",
        "",
        "Please call me back.",
        "Gemiste oproep",
    ],
)
def test_a_message_that_says_nothing_is_answered_with_a_question(decide, text):
    decision = decide(HN, text)
    assert decision.verdict == "needs-info"
    assert decision.explanation["questions"]
    assert decision.needs_person


def test_the_developer_vps_waits_for_credentials_but_billing_does_not(decide):
    assert any("secure form" in text for text in decide(KX_DEV, "SSH is down on my server").preconditions)
    assert decide(KX_DEV, "Please send me the invoice of last month").preconditions == ()


def test_preconditions_and_prices_are_told_in_the_language_of_the_reply(decide):
    decision = decide(HN, "Zet alstublieft onze database terug uit de backup van gisteren.")
    assert decision.reply_language == "nl"
    assert decision.price.title == "Terugzetten uit een back-up"
    assert "akkoord" in decision.preconditions[0]


def test_other_languages_are_answered_in_english(decide):
    decision = decide(HN, "Bonjour, nous ne pouvons plus nous connecter au serveur avec SSH depuis ce matin.")
    assert (decision.language, decision.reply_language) == ("fr", "en")
