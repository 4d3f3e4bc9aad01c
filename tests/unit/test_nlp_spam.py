"""Giveaways and adverts are marked in every dialect; what customers say of such things is not."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.spam import ADVERT, GIVEAWAY, spam_of

GIVEAWAYS = (
    "ريتويت ومتابعة واربح آيفون ١٥ مع لوزي",
    "سووا رتويت وفولو لحسابنا وادخلوا السحب على ٣ قسائم من لوزي، السحب يوم الخميس",
    "تبي تفوز؟ تابعنا وسو ريتويت ومنشن اثنين من ربعك 🎁 #لوزي",
    "RT @shop_qtr: متابعة + رتويت + منشن لصديقك والسحب بعد يومين على سماعة",
    "اعمل لايك وشير للبوست واكتب في التعليقات اسم فرعك المفضل وادخل السحب على ١٠ وجبات من لوزي",
    "عايز تكسب؟ اعمل فولو ولايك للصفحة ومنشن ٣ من صحابك والفايز هنعلنه بكرة",
    "بدك تربح عشا لشخصين؟ حط لايك وشارك المنشور واعمل تاغ لرفقاتك",
    "شاركوا البوست وعلقوا بكلمة تم وتابعونا لتربحوا معنا قسيمة شراء من لوزي",
    "دير لايك وبارطاجي المنشور باش تربح معانا كادو من لوزي",
    "دير جام و كومنتير و بارطاج وتربح تليفون، جوائز كل نهار",
    "جيف اواي! اشتركوا في القناة واعملوا لايك وكومنت والفائز نعلنه الأحد",
    "GIVEAWAY 🎉 follow us, RT and tag 2 friends to win a year of free Lawzy coffee",
    "Follow @lawzy and retweet for a chance to win one of five vouchers! Winners announced Friday",
    "Like this post, share it and comment LAWZY below to win a free phone",
    "Giveaway time: subscribe, like and comment, three lucky winners get prizes",
)
ADVERTS = (
    "تسديد قروض واستخراج قرض جديد لجميع البنوك للتواصل واتساب 0501234567 #لوزي #الرياض #جدة",
    "عطور أصلية بأسعار مناسبة التوصيل متوفر لجميع المناطق للطلب واتس 0559876543",
    "كود خصم لوزي فعال اليوم LZ20 خصم يصل 30٪ تسوق الآن https://example.com/x",
    "شنط تركي هاي كوبي متوفر لدينا جملة وتجزئة للطلب على الخاص #شنط #موضة #لوزي #تخفيضات #عروض #بنات #جديد",
    "فستان سهرة تفصيل حسب الطلب الدفع عند الاستلام للاستفسار +20 100 123 4567",
    "زيادة متابعين حقيقيين ولايكات للتواصل واتساب wa.me/966500000000",
    "شقق للبيع بمقدم بسيط للحجز والاستفسار 01012345678 #لوزي",
    "عروض نقل عفش خصم 40% للتواصل 0561112223",
    "شحن مجاني وكود خصم إضافي اطلبي الآن من متجرنا https://example.com",
    "livraison gratuite partout au Maroc commandez par whatsapp 0612345678",
    "Order now! 50% off all perfumes, free delivery, whatsapp +971 50 123 4567",
    "Use promo code LZ10 and shop now https://example.com #lawzy #deals #sale #coffee #riyadh #gifts",
    "Best prices on verified followers, DM us, link in bio",
)
HONEST = (
    "شكرا",
    "شكرا لوزي الطلب وصل بسرعة",
    "شاركت في مسابقة لوزي وسويت ريتويت ومتابعة وما ربحت شي، نصابين",
    "عملت لايك وشير عشان السحب ومحدش كسب، كلها وهمية",
    "حتى متى السحب؟ تابعنا وعملنا ريتويت ووين الفائز",
    "السحب من حسابي تم مرتين وأحتاج متابعة الشكوى",
    "متابعة الطلب في التطبيق صارت أسهل واللايك على خدمة العملاء",
    "كود الخصم حق لوزي ما يشتغل https://example.com/help",
    "اتصلت على 920001234 أكثر من مرة ولا رد أحد",
    "طلبت منهم عن طريق الواتساب ووصل الطلب بعد ساعة، خدمة ممتازة",
    "الأسعار حلوة وفيه خصم للطلاب",
    "عندهم عروض حلوة على الفطور كل جمعة",
    "جربت القهوة الجديدة #لوزي #قهوة #الرياض #صباح_الخير #ويكند #كافيهات #السعودية",
    "التوصيل مجاني فوق المية ريال وهذا اللي خلاني أطلب منهم",
    "ليش الكوبون ما ينقبل؟ للتواصل معكم أرسلت لكم على الخاص وما رديتوا 0501112222",
    "رقم طلبي 1234567890 ولسه ما وصل",
    "بعتلهم على الخاص ورقمي 01012345678 ومحدش كلمني",
    "حكولي في خصم ٢٠ بالمية بس عالكاش",
    "الهدية وصلت مغلفة وشكلها حلو كتير",
    "فزت بقسيمة من لوزي يوم الخميس وفرحت فيها",
    "عطاوني هدية مع الطلبية، برافو عليهم",
    "دازو ليا كود ديال التخفيض وخدم مزيان",
    "أعلنت لوزي اليوم عن مسابقة جديدة لعملائها في المملكة",
    "تطبيق لوزي يطلق ميزة للتواصل مع السائقين https://example.com #جدة #مكة #الرياض #قطر #دبي #مسقط",
    "ارتفع سهم لوزي ٣٪ بعد إعلان النتائج https://example.com/news",
    "تلبية لطلب العملاء افتتحت لوزي فرعا جديدا https://example.com/news",
    "I followed them and retweeted for the giveaway and nobody ever won, what a scam",
    "Won a mug in their giveaway last month, lovely people",
    "I like this place, follow the signs to the second floor",
    "The discount code is not accepted: https://example.com/cart",
    "They sent me a coupon after the late delivery, fair enough",
    "Please follow up on order 123456789012, I want to win this argument",
    "Free shipping over 50 dollars is what made me order",
    "Call me back on +966 50 123 4567, my order is two days late",
    "Great coffee #lawzy #coffee #riyadh #weekend #morning #friends #latteart #love #happy #food #ksa #gulf",
    "Lawzy will give away its old headquarters and winners of the design prize will be named in May",
)


@pytest.mark.parametrize("line", GIVEAWAYS)
def test_a_giveaway_is_marked(line: str) -> None:
    assert spam_of(line) == GIVEAWAY


@pytest.mark.parametrize("line", ADVERTS)
def test_an_advert_is_marked(line: str) -> None:
    assert spam_of(line) == ADVERT


@pytest.mark.parametrize("line", HONEST)
def test_what_a_customer_or_a_paper_says_is_not(line: str) -> None:
    assert spam_of(line) is None


def test_a_title_is_read_with_its_text_and_a_long_article_is_left_alone() -> None:
    assert spam_of("تابعنا وسو ريتويت", title="اربح مع لوزي") == GIVEAWAY
    assert spam_of(f"{GIVEAWAYS[0]} {'كلمة ' * 200}") is None


@given(
    st.text(alphabet=st.sampled_from("ريتويت سحب واتس #@0501 https://x.y للطلبfollow win\n"), max_size=400)
)
def test_any_text_gets_a_mark_or_none(text: str) -> None:
    assert spam_of(text) in (None, GIVEAWAY, ADVERT)


@pytest.mark.parametrize("piece", ["#a ", "05", "0 5-", "واتس", "و", "http://", "@x ", "ما ", "%", "للطلب "])
def test_no_text_takes_long(piece: str) -> None:
    began = process_time()
    spam_of(piece * 100_000)
    assert process_time() - began < 0.5
