"""Hypernode from end to end: a request for every clause that carries a verdict, in English or Dutch."""

from policy_tables import asked, every, same_side
from shared.money import Money
from shared.policies import load_policies

HYPERNODE = load_policies().provider("hypernode")
WHERE = "hypernode/general"

REQUESTS = asked(
    WHERE,
    """
general.applies-to | supported | Valt ons tweede Hypernode-abonnement onder dezelfde support?
general.customer-only-changes | customer-responsibility | Please program a new export for our warehouse in our shop.
availability.language-other-translated | supported | Can we write to you in German as well?
server.preconfigured-stack | supported | Will nginx, PHP and MySQL be ready on the new node when we get it?
server.preinstalled-components | supported | Redis op onze node is gestopt en start niet meer.
server.no-stack-customization | unsupported | Please compile nginx with an extra module for us.
server.inspect-and-debug | supported | Sinds vannacht geeft de hele winkel een 502, kunnen jullie kijken wat er mis is?
server.application-cause | customer-responsibility | The checkout fails. Will you repair it? | Cause found: the
    application, custom code
server.share-logs | supported | May we have the error log of nginx from Sunday night?
application.best-effort | courtesy | We schreven zelf een importmodule en weten dat de fout daarin zit. Wil iemand
    toch even meekijken?
exclusions.third-party-software-installation | unsupported | Kunnen jullie de Mollie-module in Magento zetten?
exclusions.third-party-software-issues | unsupported | The search extension we bought from Amasty returns nothing,
    please fix it.
exclusions.content-design | unsupported | De knop op onze homepage moet groen worden, kunnen jullie dat doen?
exclusions.seo | unsupported | Google laat onze categorieën niet meer zien, hoe krijgen we onze posities terug?
exclusions.email-configuration | unsupported | Maak een mailbox info@ voor ons aan en zet de MX goed.
exclusions.email-clients | unsupported | Thunderbird toont mijn verzonden berichten niet meer.
domains.renewal-guarantee | supported | Our domain, which we have with you, runs out next week. Do you extend it in
    time?
domains.dns-not-offered | courtesy | Kunt u voor ons een CNAME voor shop. in de DNS zetten?
domains.dns-courtesy | courtesy | Which address must the A record of our domain have?
ssl.implementation | supported | We ordered a certificate from you yesterday, when will it be on the shop?
ssl.renewal | supported | Wordt het certificaat dat we bij jullie kochten vanzelf verlengd?
ssl.issues | supported | Browsers warn about the certificate that you sold us.
performance.varnish-installation | supported | Zet Varnish voor ons aan. | Plan includes Varnish
performance.varnish-configuration | unsupported | Write a VCL that also caches our category pages with filters.
performance.advice | supported | What could we do ourselves to make the category pages quicker?
performance.no-implementation | unsupported | Maak onze winkel sneller: zet de afbeeldingen om en ruim de JavaScript op.
security.bad-actor-ips | supported | Someone from a known botnet range hammers our login, is that range blocked?
security.file-access-blocks | supported | Can strangers read app/etc/env.php or our .git folder through the web?
security.attack-technique-blocks | supported | Does your platform stop SQL injection?
security.log-monitoring | supported | Er worden duizenden wachtwoorden geprobeerd op onze admin, houden jullie dat
    tegen?
security.default-rules | supported | We hear that a popular Magento module is often set up wrongly and leaks. Are we
    protected from that?
security.temporary-os-patches | supported | Is onze node al beschermd tegen het nieuwe lek in glibc?
security.customer-updates | customer-responsibility | Wie werkt onze Magento bij naar 2.4.8, doen jullie dat?
security.daily-malware-scan | supported | How often do you look for malware on our node?
monitoring.core-services | supported | Krijgen jullie een melding als MySQL bij ons stilvalt?
monitoring.optional-services | supported | Do you notice it when RabbitMQ on our node hangs?
monitoring.root-filesystem | supported | Is someone warned before the root disk of our node is full?
monitoring.application-excluded | unsupported | Waarschuwen jullie ons als de checkout van Magento niet meer werkt?
backups.daily-retention | supported | Hoe lang bewaren jullie de back-ups van elke dag?
backups.weekly-retention | supported | How far back do the copies of our node go, and how many are there?
backups.four-weeks-coverage | unsupported | Zet de database terug naar hoe die twee maanden geleden was.
backups.self-service-restore | supported | Hoe haal ik zelf een bestand uit de back-up?
backups.restore-by-support | paid | A colleague emptied the orders table. Can you bring it back as it was yesterday?
backups.restore-items | paid | Please put back the folder media/catalog from the copy of Sunday.
backups.restore-price | paid | Wat kost het als jullie de database van gisteren terugzetten?
onboarding.migration-assistance | supported | We are new here and have a shop at another host. Will you help us move it?
onboarding.platform-familiarization | customer-responsibility | We moved one shop with you last year, now please do
    our next one.
    | Existing customer since 2023
onboarding.basic-migration | supported | Wij kozen de basic migratie. Zorgen jullie dat de shop daarna op Hypernode
    draait?
onboarding.basic-no-optimization | unsupported | Kunnen jullie onze shop tijdens de basic migratie meteen sneller maken?
onboarding.hyperformance | supported | We took the Hyperformance migration for our shop. When does the move start?
onboarding.hyperformance-caching | supported | We have Hyperformance. Will you set up the caching of our shop?
onboarding.hyperformance-images | supported | Wij hebben Hyperformance genomen. Worden onze productfoto's dan verkleind?
onboarding.hyperformance-static-files | supported | With Hyperformance, do you also merge and minify our JavaScript
    and CSS?
onboarding.hyperformance-recommendations | unsupported | In our Hyperformance project you recommended to change the
    menu in Magento.
    Please carry that out for us.
onboarding.no-email-migration | unsupported | Verhuizen jullie bij de overstap ook onze mailboxen?
onboarding.no-custom-varnish | unsupported | As part of our Hyperformance migration, please write our own Varnish rules.
onboarding.no-application-fixes | unsupported | During our basic migration you saw that the checkout is broken.
    Repair that too.
onboarding.no-domain-transfer | unsupported | Haal onze domeinnaam op bij TransIP en zet hem bij jullie.
onboarding.domain-transfer-format-exception | supported | Please take over our domains.
    | Domain list delivered in the required format
onboarding.no-external-dns | unsupported | Log in at Cloudflare and point our records to the new node.
complaints.no-mediation | unsupported | Our developer does not deliver. Will you speak to him for us and say who is
    right?
complaints.conflict-advice | supported | Wij hebben ruzie met onze bouwer over de rekening. Wat raden jullie ons aan?
availability.office-hours | supported | Tot hoe laat kan ik jullie vanavond bellen?
availability.email | supported | Naar welk adres stuur ik een vraag?
availability.phone | supported | Is there a number where I can call you?
availability.departments | supported | Waarom staat er op de factuur van maart een ander bedrag?
complaints.by-email | procedure | Ik ben zeer ontevreden over hoe ik geholpen ben en wil een klacht indienen.
complaints.cancellation-protocol | procedure | Wij stoppen ermee, graag ons abonnement beëindigen.
complaints.account-role-protocol | procedure | Make my colleague the owner of our account from now on.
general.sole-discretion | procedure | Who decides whether something is within your support, and can you make an
    exception?
""",
)


@every(REQUESTS)
def test_a_request_reaches_its_clause(decide, request_):
    decision = decide(request_.where, request_.text, *request_.notes)
    assert same_side(decision.verdict, request_.verdict)
    assert request_.clause in decision.clauses


def test_every_clause_with_a_verdict_is_asked_for():
    with_verdict = {clause.id for clause in HYPERNODE.clauses.values() if clause.verdict}
    assert with_verdict - {one.clause for one in REQUESTS} == set()


def test_a_restore_is_offered_for_125_euro_with_consent_before_it_and_the_free_way_beside_it(decide):
    decision = decide(WHERE, "Please put the database of Monday back.")
    assert decision.price.amount == Money.of(125, "EUR")
    assert any("consent" in text for text in decision.preconditions)
    assert "hypernode.backups.self-service-restore" in decision.clauses


def test_a_restore_of_what_the_provider_lost_is_for_a_person(decide):
    text = "Please put back the files that were lost."
    assert decide(WHERE, text, "Data loss caused by Hypernode").needs_person


def test_nothing_is_billed_for_a_date_that_no_backup_reaches(decide):
    assert decide(WHERE, "Please put back the database of three months ago.").price is None
