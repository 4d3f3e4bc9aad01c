"""Every sentence of an alert about sources, in Arabic and in English, beside those of `wording`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_SENTENCES: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "firing": "Source {brand} is not being read properly",
        "update": "Source {brand} is still not being read properly",
        "resolved": "Source {brand} is well again",
        "firing.host": "Sources at {host} are not being read properly",
        "update.host": "More sources at {host} are not being read properly",
        "resolved.host": "The sources at {host} are well again",
        "firing.all": "No source can be reached",
        "update.all": "Still no source can be reached",
        "resolved.all": "Sources can be reached again",
        "sources": "Sources: {names}.",
        "error": "The last error: {error}.",
        "last_good": "Last good visit: {when}.",
        "never_good": "There was no good visit yet.",
        "share": "{share} of recent mentions came from there: few mentions may be missing ones.",
        "over": "What was published meanwhile may be missing in part.",
        "removed": "It is no longer watched.",
        "login": "The server wants a login, or the token is wrong. Renew the token or password.",
        "forbidden": "The server forbids it to us. Check the token and what it is allowed to do, "
        "and whether the site still permits reading.",
        "missing": "There is nothing at its address. Correct the address.",
        "gone": "It is gone for good. Take the source out of the configuration.",
        "limit": "The server counts too many requests. Visit less often (every).",
        "server": "The server fails. It usually passes by itself; if it lasts, check the address.",
        "refused": "The server refuses the request. Check the address and options of the source.",
        "wall": "A page to log in, or one that checks for robots, came instead. "
        "Use the site's API, or an address open to all.",
        "unreachable": "The server cannot be reached. Check the address, and whether the site is up.",
        "changed": "What it sent cannot be read. The page or address has probably changed: "
        "look at it, then run marsad check.",
        "ours": "Marsad itself stumbled. Look at its log, and at the disk and database.",
        "secret": "A secret is missing. Set the variable or file that the configuration names.",
        "network": "None of the sources visited has answered. Look at this server's network.",
        "nothing": "It answers and gives nothing, unlike before. The page or search has probably "
        "changed: look at it, then run marsad check.",
        "no_author": "No item has an author any more. The page has probably changed: look at it.",
        "no_date": "No item has a date any more. The page has probably changed: look at it.",
        "no_rating": "No item has a rating any more. The page has probably changed: look at it.",
        "no_text": "No item has a text any more. The page has probably changed: look at it.",
    },
    "ar": {
        "firing": "تعذّرت قراءة المصدر {brand} على الوجه الصحيح",
        "update": "لا تزال قراءة المصدر {brand} متعذّرة",
        "resolved": "عاد المصدر {brand} إلى العمل",
        "firing.host": "تعذّرت قراءة مصادر على {host}",
        "update.host": "تعذّرت قراءة مصادر أخرى على {host}",
        "resolved.host": "عادت المصادر على {host} إلى العمل",
        "firing.all": "تعذّر الوصول إلى جميع المصادر",
        "update.all": "لا يزال الوصول إلى جميع المصادر متعذّرًا",
        "resolved.all": "عاد الوصول إلى المصادر",
        "sources": "المصادر: {names}.",
        "error": "نص آخر خطأ: {error}.",
        "last_good": "آخر زيارة ناجحة: {when}.",
        "never_good": "لم تنجح أي زيارة حتى الآن.",
        "share": "جاء من هناك {share} من الإشارات الأخيرة، فقد تعني قلة الإشارات نقصًا في البيانات.",
        "over": "قد ينقص بعض ما نُشر في تلك المدة.",
        "removed": "لم يعد المصدر قيد المتابعة.",
        "login": "يطلب الخادم تسجيل الدخول، أو رمز الدخول غير صحيح. جدّدوا الرمز أو كلمة المرور.",
        "forbidden": "يمنعنا الخادم من القراءة. تحققوا من رمز الدخول وصلاحياته، "
        "ومن أن الموقع لا يزال يسمح بالقراءة.",
        "missing": "لا يوجد شيء على هذا العنوان. صحّحوا العنوان.",
        "gone": "أُزيل المصدر نهائيًا. احذفوه من الإعدادات.",
        "limit": "يرى الخادم أن الطلبات كثيرة. باعدوا بين الزيارات (every).",
        "server": "في الخادم عطل، ويزول ذلك عادةً من تلقاء نفسه؛ فإن استمر فتحققوا من العنوان.",
        "refused": "يرفض الخادم الطلب. تحققوا من عنوان المصدر وخياراته.",
        "wall": "ظهرت صفحة لتسجيل الدخول أو للتحقق من الروبوتات بدل المحتوى. "
        "استخدموا واجهة الموقع البرمجية، أو عنوانًا متاحًا للجميع.",
        "unreachable": "تعذّر الوصول إلى الخادم. تحققوا من العنوان ومن أن الموقع يعمل.",
        "changed": "تعذّرت قراءة ما أرسله الخادم، والأرجح أن الصفحة أو العنوان قد تغيّر: "
        "افتحوه ثم شغّلوا الأمر marsad check.",
        "ours": "وقع خطأ في مرصد نفسه. راجعوا سجلّه والقرص وقاعدة البيانات.",
        "secret": "أحد الأسرار غير موجود. عيّنوا المتغير أو الملف المذكور في الإعدادات.",
        "network": "لم يُجب أي مصدر من المصادر التي زرناها. تحققوا من شبكة هذا الخادم.",
        "nothing": "يجيب المصدر ولا يعطي شيئًا، خلافًا لعادته. الأرجح أن الصفحة أو البحث قد تغيّر: "
        "افتحوه ثم شغّلوا الأمر marsad check.",
        "no_author": "لم يعد لأي عنصر كاتب. الأرجح أن الصفحة قد تغيّرت: افتحوها.",
        "no_date": "لم يعد لأي عنصر تاريخ. الأرجح أن الصفحة قد تغيّرت: افتحوها.",
        "no_rating": "لم يعد لأي عنصر تقييم. الأرجح أن الصفحة قد تغيّرت: افتحوها.",
        "no_text": "لم يعد لأي عنصر نص. الأرجح أن الصفحة قد تغيّرت: افتحوها.",
    },
}

SENTENCES: Final[Mapping[str, Mapping[str, str]]] = {
    language: {f"source_health.{key}": sentence for key, sentence in sentences.items()}
    for language, sentences in _SENTENCES.items()
}
"""By language and key, each of which begins with the kind of the rule."""
