"""Kenotronix from end to end: every row of its overview and every clause of its products is reached by a request."""

import pytest

from policy_tables import asked, every, same_side
from shared.policies import load_policies

KENOTRONIX = load_policies().provider("kenotronix")
OVERVIEW_LINES = range(6, 40)

OVERVIEW = asked(
    "kenotronix/general",
    """
general.my-account | supported | I can no longer sign in to my account, it sends me back to the login page each time.
general.plesk-access | supported | Plesk only gives a blank page after I enter my password, in every browser I tried.
general.server-performance | supported | Our server has been crawling since breakfast, every site on it takes ten
    seconds.
general.network-performance | supported | Since noon your own routers drop half of our packets, see the attached trace.
general.data-center-equipment | supported | The RAID of the machine that you rent us is degraded, one of its disks
    has failed.
general.colocation-excluded | unsupported | We have put our own server in a rack of yours. Its power supply died,
    please swap it.
general.os-updates | supported | When will the next round of kernel and package updates reach the machine we rent?
general.fundamental-software | supported | php-fpm on the server keeps dying, the web server then answers 502 on all
    sites.
general.ftp-ssh-connection | supported | Port 22 refuses every connection to our hosting, from the office and from
    home alike.
general.server-security-updates | supported | Did you already patch the servers for the OpenSSL hole that was in the
    papers?
general.community-updates | supported | Does somebody install the fixes that the Debian people publish for our server?
general.mysql-containers | supported | phpMyAdmin cannot reach MySQL any more, it says the connection was refused.
general.plesk-guidance | supported | Can you tell me where in Plesk I add a second subscription?
general.my-account-guidance | supported | Where in my account do I change our postal address?
general.billing-question | supported | There are two amounts for January on my invoice. What is the second one for?
general.customer-scripts | unsupported | The booking calendar that we programmed ourselves stopped saving, please
    repair it.
general.plesk-extensions | unsupported | I added an extension to Plesk for Node and it shows an error, can you get it
    going?
general.plesk-application-vault | unsupported | From the application catalogue in Plesk I put up Joomla, can you
    configure it?
general.third-party-ssl | unsupported | We got a certificate from DigiCert. Please put it on our site.
general.internet-training | unsupported | Could someone explain to me what an IP address is and how e-mail travels?
general.software-training | unsupported | Our secretary needs a course in Photoshop, when can you give her one?
general.seo | unsupported | We sank to the third page of Google, can you bring us back to the top?
general.custom-dns-zone | unsupported | Please write the SPF, DKIM and CNAME entries of our newsletter tool into our
    zone.
general.third-party-saas | unsupported | Mailchimp does not send our campaigns, can you look into our Mailchimp account?
general.root-level-customization | unsupported | Please tune sysctl and load a kernel module of ours on the server.
general.email-client | unsupported | Outlook on my laptop asks for the password every five minutes, how do I set it up?
general.ftp-client | unsupported | Which transfer mode do I choose in the settings of FileZilla?
general.backups | unsupported | I threw away a folder with photos by accident last week, can you put it back for me?
general.third-party-domain-registrations | unsupported | Our domain stands at GoDaddy and expires on Friday, please
    renew it.
general.private-name-servers | unsupported | We want to run ns1 and ns2 under our own domain as name servers.
general.cross-browser | unsupported | The menu of our site is fine in Chrome but falls apart in Safari.
general.customer-vector-hacks | unsupported | Someone put casino links all over my pages, please get them out.
general.programming-errors | unsupported | My checkout page stops with "undefined variable" in cart.php, line 42.
general.bank-payment | unsupported | The app of my bank does not accept your account number. How do I fill in its form?
""",
)

SHARED = asked(
    "kenotronix/shared-hosting",
    """
shared-hosting.basic-dns-zone | supported | New domain on our hosting: are its first A and MX records made by you?
shared-hosting.standard-services | supported | Since eight o'clock none of our ten mailboxes receives anything.
shared-hosting.software-versions | unsupported | PHP 8.4 is out, when do we get it on our hosting?
shared-hosting.hardware | supported | You wrote that the machine of our site has a broken disk. When is it replaced?
shared-hosting.network | supported | Downloads from our site fall to a trickle each night, your uplink seems full.
shared-hosting.public-internet | unsupported | At home with Ziggo our site is slow, everywhere else it is quick.
    The trace gets stuck at my own internet provider.
shared-hosting.webmail | supported | When I open a message in the webmail it stays empty.
shared-hosting.ssl-purchased | supported | The certificate that I bought from you on Monday is still not on my site.
shared-hosting.one-click-installer | supported | The one-click installer stops at forty percent, whichever program I
    choose.
shared-hosting.one-click-installation | supported | I installed WordPress with one click just now, touched nothing,
    and it only shows a database error.
shared-hosting.mysql | supported | The MySQL server says "too many connections", all our sites are affected.
shared-hosting.scripts-responsibility | customer-responsibility | Please install the forum software that I downloaded.
shared-hosting.scripts-no-troubleshooting | unsupported | My contact form does not send since I edited it, what is
    wrong in it?
shared-hosting.internet-training | unsupported | I have never understood what DNS is, can you teach me from scratch?
shared-hosting.backup | customer-responsibility | Do you keep a copy of my site, or do I make that myself?
shared-hosting.database-administration | customer-responsibility | Please make a dump of my database every week.
shared-hosting.app-monitoring | customer-responsibility | Can you keep an eye on my webshop and warn me when it fails?
shared-hosting.domain-transfer | customer-responsibility | How does my domain move from my old host to you?
shared-hosting.domain-transfer-initiate | customer-responsibility | Ik wil mijn domein naar jullie verhuizen, waar
    begin ik?
shared-hosting.domain-transfer-ordered | supported | The transfer of my domain hangs since last week.
    | Domain transfer ordered on the website
shared-hosting.custom-dns-zone | unsupported | Kunt u een TXT-record voor Google in onze zone zetten?
shared-hosting.email-client | unsupported | Thunderbird will not accept my account, can you go through its settings
    with me?
shared-hosting.ftp-client | unsupported | How do I synchronise folders in WinSCP?
shared-hosting.third-party-ssl | customer-responsibility | I bought a certificate from Sectigo, will you place it for
    me?
shared-hosting.one-click-customization | unsupported | The WordPress from your one-click list broke when I updated it
    myself.
shared-hosting.database-scripts | customer-responsibility | My import script writes doubles into the orders table,
    can you clean it?
""",
)

WORDPRESS = asked(
    "kenotronix/managed-wordpress",
    """
managed-wordpress.plugin-review | procedure | Which plugins do you accept, and who looks at them?
managed-wordpress.nightly-scan | procedure | Do you go through our plugins at night?
managed-wordpress.unauthorized-plugin-removal | procedure | Why was my gallery plugin gone this morning?
    need it.
managed-wordpress.unauthorized-plugin-notice | procedure | I got a mail from you that a plugin was taken off, why?
managed-wordpress.installation | supported | We ordered WordPress two days ago and still see an empty directory.
managed-wordpress.hardware | supported | According to your status page a power supply of our server failed, is it
    mended?
managed-wordpress.network | supported | Packet loss of thirty percent inside your network, from your first hop on.
managed-wordpress.public-internet | unsupported | Only visitors with one French provider cannot reach us,
    the trace ends in the network of that provider.
managed-wordpress.automatic-updates | supported | Does WordPress get its security releases by itself, or must I press
    a button?
managed-wordpress.versions-not-latest | supported | WordPress 6.9 came out yesterday, why are we still on the one
    before?
managed-wordpress.core-version | supported | Who decides which WordPress we run?
managed-wordpress.standard-services | supported | Neither mail nor SFTP works on our site since an hour.
managed-wordpress.backup | supported | Every night a copy of the site, is that part of our package?
managed-wordpress.admin-assistance | supported | How do I make a second editor in the admin of WordPress?
managed-wordpress.default-theme | supported | The theme that came with the site has disappeared, I changed nothing.
managed-wordpress.bug-relay | supported | Your colleague reproduced the bug in the block editor. Please pass it on to
    WordPress.
managed-wordpress.feature-relay | supported | Could you hand our wish for a dark editor on to the makers of WordPress?
managed-wordpress.webmail | supported | I cannot get into webmail with my own password since today.
managed-wordpress.ssl-purchased | supported | The certificate I ordered with you gives a warning in the browser.
managed-wordpress.plugins-themes-responsibility | customer-responsibility | Please update WooCommerce and my other
    plugins.
managed-wordpress.custom-scripts | customer-responsibility | We wrote a little PHP file for the stock list, can you
    finish it?
managed-wordpress.scripts-no-troubleshooting | unsupported | The slider plugin that I added shows nothing, please
    find out why.
managed-wordpress.theme-customization | customer-responsibility | Maak de kop van ons thema blauw en zet ons logo links.
managed-wordpress.internet-training | unsupported | I do not know what a browser is, could you give me a lesson?
managed-wordpress.domain-transfer | customer-responsibility | Please fetch our domain from our former host.
managed-wordpress.domain-transfer-initiate | customer-responsibility | Where do I start moving a domain to you?
managed-wordpress.domain-name-change | customer-responsibility | Our firm has a new name, let the site run under the
    new domain.
managed-wordpress.domain-name-change-consequences | customer-responsibility | We switch to another domain name.
    Who adapts the links in our pages?
""",
)

VPS = asked(
    "kenotronix/vps-dedicated",
    """
general.vps-customizations | unsupported | We changed the mail configuration of our VPS by hand and now it is broken,
    repair it.
vps-dedicated.installation | supported | The VPS we paid for on Monday still has no address that answers.
vps-dedicated.hardware | supported | Our dedicated server reports memory errors, a module must be exchanged.
vps-dedicated.network | supported | The bandwidth of our VPS is a tenth of what it was, also to your own test server.
vps-dedicated.public-internet | unsupported | From our office in Peru the server is slow, the delay arises at a
    carrier far from you.
vps-dedicated.software-versions | unsupported | Can MariaDB on our VPS go to the release of last month?
vps-dedicated.standard-services | supported | The web server of our VPS no longer responds, and SSH neither.
vps-dedicated.plesk-assistance | supported | Could one of you teach us how to work with Plesk?
vps-dedicated.plesk-installation | supported | Our new VPS came without Plesk, it should have been on it.
vps-dedicated.bug-relay | supported | You confirmed the error in the Plesk file manager. Will you report it to the
    makers?
vps-dedicated.feature-relay | supported | Please tell the people of Plesk that we would like dark mode in a next
    version.
vps-dedicated.plesk-auto-update | supported | Plesk has another version since this night. Did you put it there?
vps-dedicated.plesk-security-update-notice | supported | Do we hear it beforehand when Plesk gets an urgent update?
vps-dedicated.plesk-licence | supported | Plesk says that our licence runs out tomorrow.
vps-dedicated.plesk-licence-reinstatement | supported | Onze Plesk-licentie is ongeldig geworden, we kunnen er niet
    meer in.
vps-dedicated.ssl-purchased | supported | Please put the certificate that we bought through you on the server.
vps-dedicated.performance-tool | supported | Is there a page where I see the load and the memory of my server?
vps-dedicated.security-scan | supported | Do you check our server for malware every day?
vps-dedicated.security-correction-paid | paid | Somebody broke into our VPS and sends spam from it. Please clean it up.
vps-dedicated.scripts-responsibility | customer-responsibility | Kunt u Magento voor ons op de server installeren?
vps-dedicated.scripts-no-troubleshooting | unsupported | Our invoicing application crashes with every second order,
    find the fault.
vps-dedicated.internet-training | unsupported | What is FTP and how does a domain work? I am new to all of this.
vps-dedicated.server-customization | unsupported | Please add our own repository and change the Postfix settings as
    root.
vps-dedicated.app-monitoring | customer-responsibility | Will you warn us at night when our reservation system stops?
vps-dedicated.backup | customer-responsibility | Zet u elke nacht een kopie van onze server op een andere plek?
vps-dedicated.domain-transfer | customer-responsibility | Please move our domain away from Namecheap to you.
vps-dedicated.domain-transfer-initiate | customer-responsibility | What are the steps to bring a domain over to
    Kenotronix?
vps-dedicated.domain-transfer-ordered | supported | Nothing happens with the move of our domain. | Domain transfer
    ordered on the website
vps-dedicated.domain-name-change | customer-responsibility | The VPS must get another main domain, will you change it?
vps-dedicated.domain-name-change-consequences | customer-responsibility | After renaming the domain of our VPS the
    scripts
    still use the old name.
vps-dedicated.plesk-extensions | unsupported | The Git add-on that we put in Plesk does not deploy, please fix it.
vps-dedicated.custom-dns-zone | unsupported | Add twenty subdomain records to our zone, list attached.
vps-dedicated.email-client | unsupported | Apple Mail on our iPads does not fetch messages, everything else does.
    What must we set?
vps-dedicated.ftp-client | unsupported | Cyberduck shows all dates wrong, which option is that?
vps-dedicated.third-party-ssl | customer-responsibility | Please renew the certificate that we have from GlobalSign.
vps-dedicated.plesk-application-vault | unsupported | Update the phpBB that I took from the application vault of Plesk.
""",
)

DEVELOPER = asked(
    "kenotronix/vps-developer",
    """
vps-developer.credentials-secure-form | procedure | Here is my root password, or must I send it in another way?
vps-developer.os-releases | supported | From when can I choose Ubuntu 26.04 as image for a new server?
vps-developer.hardware | supported | The host below my VPS has a failing disk according to your mail, is it repaired?
vps-developer.network | supported | Your switch drops packets, our VPS is unreachable for minutes at a time.
vps-developer.public-internet | unsupported | At my desk the connection of my own provider is bad, so your server is
    slow for me.
vps-developer.my-account | supported | I cannot get into my account to see the server.
vps-developer.power-panel | supported | The Power Panel does not load.
vps-developer.ssh-availability | supported | SSH refuses all connections since the reboot.
vps-developer.performance-tool | supported | Where do I see how busy my server was last week?
vps-developer.scripts-responsibility | customer-responsibility | Please set up WordPress for me on the VPS.
vps-developer.scripts-no-troubleshooting | unsupported | Our Node application leaks memory, can you search for the
    cause?
vps-developer.internet-training | unsupported | Please explain the basics of the internet to our trainees.
vps-developer.software-installation | unsupported | Could you install PostgreSQL and Java on the machine?
vps-developer.server-customization | unsupported | We altered the network configuration of the VPS, now undo what
    went wrong.
vps-developer.user-administration | customer-responsibility | Maak op de server twee gebruikers aan voor onze nieuwe
    collega's.
vps-developer.server-administration | unsupported | Please look after the cron jobs and rotate the logs on my server.
vps-developer.backup | customer-responsibility | Is there a snapshot of last week that you can put back?
vps-developer.app-monitoring | customer-responsibility | Do you watch whether our API still answers?
vps-developer.ssl | customer-responsibility | Install the certificate that I bought from you.
""",
)

SUITES = [
    *asked(
        "kenotronix/g-suite",
        """
g-suite.admin-console | supported | How do I add a colleague in the admin console of G Suite?
g-suite.incidents | supported | Gmail has been throwing errors at all of us since nine o'clock.
g-suite.dns-inspection | supported | Google says that our MX records are wrong, can you look at the zone?
g-suite.advanced-training | unsupported | Give our team a training in pivot tables in Google Sheets.
g-suite.third-party-apps | unsupported | The CRM add-on from the Marketplace does not show our contacts in Gmail.
g-suite.internet-training | unsupported | How does the internet work, can you explain it to my mother?
""",
    ),
    *asked(
        "kenotronix/office-365",
        """
office-365.admin-console | supported | Where do I assign a licence to a new employee in the Office 365 admin centre?
office-365.incidents | supported | Teams and Outlook on the web are out for our whole company.
office-365.dns-inspection | supported | Microsoft keeps saying that our autodiscover record is missing, please check
    the zone.
office-365.advanced-training | unsupported | Wij willen een cursus draaitabellen in Excel voor de boekhouding.
office-365.third-party-apps | unsupported | The Zoom plug-in in Outlook has stopped working.
office-365.internet-training | unsupported | Could you teach our volunteers what a web browser is?
""",
    ),
]

ALL = [*OVERVIEW, *SHARED, *WORDPRESS, *VPS, *DEVELOPER, *SUITES]


@every(ALL)
def test_a_request_reaches_the_clause_of_its_product(decide, request_):
    decision = decide(request_.where, request_.text, *request_.notes)
    assert same_side(decision.verdict, request_.verdict)
    assert request_.clause in decision.clauses


def test_every_row_of_the_overview_is_asked_for():
    assert {KENOTRONIX.clauses[one.clause].source.line for one in ALL} >= set(OVERVIEW_LINES)


@pytest.mark.parametrize("product", [one.id for one in KENOTRONIX.provider.products if one.id != "general"])
def test_every_clause_of_a_product_is_asked_for(product):
    assert {c.id for c in KENOTRONIX.clauses.values() if c.product == product} - {one.clause for one in ALL} == set()
