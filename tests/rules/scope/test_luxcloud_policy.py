"""LuxCloud from end to end: every exclusion, every named product and every other clause that carries a verdict."""

import pytest

from policy_tables import asked, every, same_side
from shared.money import Money
from shared.policies import load_policies

LUXCLOUD = load_policies().provider("luxcloud")

# A customer of the product writes; the subscription says which one it is.
PRODUCTS = {
    "spamexperts": "The quarantine page of SpamExperts gives an error when I release a message.",
    "ng-linux-hosting": "Is there something wrong with our Linux hosting? Its overview page ends in an internal error.",
    "hosted-exchange": "Our shared calendar gives an error for everyone since this morning.",
    "drupal": "The Drupal site as you delivered it shows an internal error, we changed nothing.",
    "joomla": "Joomla as you set it up ends in error 500, nothing was altered on our side.",
    "wordpress": "The WordPress you gave us yesterday shows an error, we have not touched it.",
    "magento": "Our brand-new Magento from you stops with an exception, we did not modify anything.",
    "ecwid": "The Ecwid store cannot save a product, it fails with an error.",
    "sugarcrm": "SugarCRM shows an error when anyone of us saves a contact.",
    "hosted-sharepoint": "De documentbibliotheek in SharePoint geeft bij iedereen een foutmelding.",
    "domain-registration": "Our domain, registered with you, expires tomorrow. Will it be extended?",
    "office-web-apps": "Word in the browser ends in an error with every document that we open.",
    "dns-hosting": "The zone of our domain is not served by your name servers, lookups give SERVFAIL.",
    "skype-for-business": "Nobody can join a meeting in Skype for Business, we all see an error.",
    "partner-portal": "The partner portal fails with an error when I open the list of my customers.",
    "open-xchange": "The address book of Open-Xchange gives an error for all of our people.",
    "csl-api": "The documented call to create a subscription answers with error 500.",
    "dynamics-crm": "Dynamics meldt een fout zodra wij een offerte opslaan.",
    "customer-control-panel": "The control panel throws an internal error when I add a mailbox.",
    "ox-hosted": "Our OX mail shows an error when we open any folder.",
    "sharepoint-online": "SharePoint answers 'something went wrong' for all of us.",
    "exchange-online": "Since nine o'clock Exchange Online does not deliver any mail to our company.",
    "office-365": "Nobody in our company gets into Office 365, it shows an error after signing in.",
    "dropmysite": "Dropmysite has reported a failed job every night of this week.",
    "soshlr": "Soshlr does not publish our posts, it shows an error.",
    "audriga": "Audriga stops at forty percent with an error message.",
    "migrationwiz": "MigrationWiz meldt bij elk postvak een fout.",
    "acronis-backup": "The Acronis backup of our server fails with an error since Monday.",
    "basekit": "The Basekit editor shows an error when I save a page.",
}
NAMED_OTHERWISE = {
    "sharepoint-online": "product-sharepoint-microsoft",
    "acronis-backup": "product-acronis",
}

REQUESTS = [
    *asked(
        "luxcloud/hosted-services",
        """
general.responsibility-split | customer-responsibility | Who is responsible for the programs on our own computers,
    you or we?
general.installation-guidance | supported | How do I install your synchronisation client on a new laptop?
general.feature-overview | supported | What can the CRM do, is there a list of what is in it?
general.error-troubleshooting | supported | Your CRM shows "unexpected error 0x80" when we save anything.
general.external-support-needed | supplier | Is there news about the outage of our mail?
    | Handed over to Microsoft, case not handed back
hosted-services.common-services | supported | Does anybody watch whether our mail server is running?
hosted-services.manual-check | supported | De mailserver geeft geen antwoord, willen jullie kijken?
hosted-services.server-software | supported | Do you patch PHP and MySQL on our hosting when a leak becomes known?
hosted-services.hardware-monitoring | supported | Does an alarm go off when a disk in your server breaks?
hosted-services.hardware-replacement | supported | You told us that a memory module of the server is bad, when is it
    exchanged?
hosted-services.applies-to | supported | Which of your hosted products fall under this support?
exclusions.client-side-problems | unsupported | My laptop freezes whenever I open a big spreadsheet, please look at it.
exclusions.client-os-firewall-antivirus | unsupported | Norton on my PC blocks your program. How do I change Norton?
exclusions.connectivity | unsupported | The wifi in our office drops every few minutes, so nothing loads.
exclusions.system-recommendations | unsupported | Which computers should we buy for ten people, can you recommend some?
exclusions.server-administration | unsupported | Please run the updates and manage the users of the Windows server in
    our cellar.
exclusions.hardware-or-improper-installation | unsupported | De harde schijf van mijn eigen pc is stuk, kunt u dat
    oplossen?
exclusions.virus-infections | unsupported | There is a virus on my PC, can you remove it?
exclusions.discontinued-client-software | unsupported | Our client was taken out of support by you last year, it now
    crashes.
exclusions.training | unsupported | We would like a day of lessons in the CRM for eight people.
exclusions.customization | unsupported | Pas het scherm van de CRM aan zodat ons eigen veld erop staat.
exclusions.integration | unsupported | Please connect our bookkeeping program to your CRM for us.
exclusions.non-standard-usage | unsupported | We use the mailbox as a file server for 200 GB and it is slow, please
    adapt it for that.
exclusions.on-site-installation | unsupported | Can one of your people come by and set up Outlook on our computers?
exclusions.consulting | unsupported | Geef ons advies over welke boekhoudsoftware we kunnen kiezen en hoe we die
    inrichten.
exclusions.hands-on-deployment | unsupported | Please take over my screen and install the client on all our PCs for us.
exclusions.network-setup | unsupported | We are moving to a new office. Will you lay out the network there?
exclusions.internet-connection-setup | unsupported | Kunnen jullie de internetverbinding in ons nieuwe kantoor
    aansluiten?
exclusions.website-design | unsupported | Make us a nicer home page with a slider and our new colours.
exclusions.web-development | unsupported | Could you write a WordPress plugin for our reservations?
exclusions.custom-code | unsupported | Our own PHP program that talks to your API loses orders, can you find the bug
    in it?
exclusions.seo | unsupported | Waarom staan wij in Google onder onze concurrent, en doen jullie daar iets aan?
exclusions.scripts-responsibility | customer-responsibility | Please put the photo gallery script on my account and
    get it running.
exclusions.scripts-no-troubleshooting | unsupported | The forum that I uploaded only gives a blank page, please
    repair it.
exclusions.scripts-latest-version | customer-responsibility | Will you bring my old phpBB up to date?
exclusions.scripts-security | customer-responsibility | Please harden my WordPress so that it cannot be broken into.
exclusions.no-disinfection | unsupported | Mijn site is gehackt, haal alle besmette bestanden eruit.
exclusions.no-forensics | unsupported | I want a report on who got into my site and how.
exclusions.attack-vector | customer-responsibility | You say that our account is compromised. How did they come in?
paid-support.analysis | paid | My account was broken into, I would like to book your paid hour of analysis.
paid-support.rate | paid | What does it cost when your administrators look at my hacked account?
paid-support.guidance | paid | We agree to pay for your analysis of the hack, tell us what to do afterwards.
account.basic-internet-knowledge | customer-responsibility | I do not know what DNS or FTP mean, could you explain
    the internet?
account.client-backups | customer-responsibility | Do I have to make copies of my site myself?
account.own-backups-no-guarantee | unsupported | Ik heb per ongeluk mijn site gewist, kunt u hem terugzetten?
account.dns-self-service | customer-responsibility | Please add an MX record for our domain.
account.registrar-services | customer-responsibility | Onze domeinnaam staat bij GoDaddy en moet verlengd worden.
account.external-nameservers | customer-responsibility | Our name servers are at Cloudflare and your address has
    changed, please set it there.
account.primary-domain-change | supported | Our company has a new name, can the main domain of the account follow?
account.primary-domain-path-names | customer-responsibility | After the new main domain my scripts have the old
    paths, adapt them.
account.mail-client-basic | supported | Welke server en poort vul ik in op mijn iPhone voor de mail?
account.mail-client-advanced | unsupported | Apple Mail puts half of my messages in the junk folder, how do I train it?
account.ftp-client-advanced | unsupported | How do I speed up the queue in FileZilla with more parallel transfers?
account.ftp-connection | courtesy | I do not get into my account with FTP, the login is refused.
browsers.native-support | unsupported | The panel is garbled in Internet Explorer 7.
browsers.chrome | supported | Does your portal work with Chrome 120?
browsers.firefox | supported | Werkt het paneel in Firefox 115?
browsers.safari | supported | Can I use the portal in Safari 16 on my iPad?
browsers.internet-explorer | supported | Is Internet Explorer 11 good enough for the panel?
browsers.opera | supported | I would like to use Opera with your portal, may I?
browsers.cookies | customer-responsibility | The panel logs me out all the time, I have cookies blocked in my browser.
""",
    ),
    *asked(
        "luxcloud/externally-hosted-services",
        """
externally-hosted-services.supported-versions | supported | Which version of the product may we use with your support?
externally-hosted-services.platforms | supported | On which operating systems does your product run?
externally-hosted-services.applies-to | supported | We hebben een extern gehost product bij jullie. Valt dat onder de
    support?
""",
    ),
]

INFORMATIONAL = asked(
    "luxcloud/hosted-services",
    """
hosted-services.server-software-control | unsupported | Please give us PHP 8.4, we need it.
hosted-services.server-software-not-latest | unsupported | My program does not run with your old PHP, please upgrade it.
hosted-services.end-of-life-list | supported | Tot wanneer wordt dit product nog ondersteund?
general.sla-levels | procedure | Does the SLA also count for the first line?
general.sla-suspension | supported | Does the clock of the SLA stand still while you wait for a supplier?
general.supplier-agreements | procedure | Do you have an agreement on response times with the makers of open source
    programs?
exclusions.vendor-referral | unsupported | The shop module that I installed is faulty. Where can I find help?
exclusions.outdated-software-cause | unsupported | My site was broken into. Find out through which hole the attacker
    came.
exclusions.assume-all-files-exploited | unsupported | My site is hacked once more after I cleaned it. Which files are
    bad?
exclusions.recommend-restore-and-update | customer-responsibility | My account was hacked, what should I do now?
exclusions.upgrade-alone-insufficient | unsupported | After the hack I have upgraded WordPress. Is my account clean now?
account.ip-may-change | customer-responsibility | Onze nameservers staan elders. Kan het IP-adres van onze site
    wijzigen?
externally-hosted-services.version-change-announcement | supported | How will we hear that you stop with a version?
externally-hosted-services.third-party-new-versions | supported | When will you support the new release of Plesk?
externally-hosted-services.third-party-version-announcement | supported | Waar kondigen jullie aan dat een nieuwe
    versie ondersteund wordt?
externally-hosted-services.platform-list | supported | Where is the list of platforms on which the product runs?
""",
)


def clause_of(product):
    name = NAMED_OTHERWISE.get(product, f"product-{product}")
    return next(clause for clause in LUXCLOUD.clauses if clause.endswith(f".{name}"))


@every([*REQUESTS, *INFORMATIONAL])
def test_a_request_reaches_its_clause(decide, request_):
    decision = decide(request_.where, request_.text, *request_.notes)
    assert same_side(decision.verdict, request_.verdict)
    assert request_.clause in decision.clauses


@pytest.mark.parametrize(("product", "text"), PRODUCTS.items(), ids=PRODUCTS)
def test_a_fault_of_a_named_product_is_supported_by_its_line_of_the_list(decide, product, text):
    decision = decide(f"luxcloud/{product}", text)
    assert decision.verdict == "supported"
    assert clause_of(product) in decision.clauses


def test_every_product_of_the_two_lists_is_asked_for():
    scopes = {"general", "hosted-services", "externally-hosted-services"}
    assert {product.id for product in LUXCLOUD.provider.products} - scopes == set(PRODUCTS)


def test_every_clause_is_asked_for():
    asked_for = {one.clause for one in [*REQUESTS, *INFORMATIONAL]} | {clause_of(product) for product in PRODUCTS}
    assert set(LUXCLOUD.clauses) - asked_for == set()


@pytest.mark.parametrize("text", ["I order the paid analysis of my hacked account.", "Clean my hacked site for free."])
def test_an_hour_of_analysis_costs_150_euro_and_is_named_beside_a_refusal_too(decide, text):
    price = decide("luxcloud/hosted-services", text).price
    assert (price.amount, price.unit) == (Money.of(150, "EUR"), "started-hour")
