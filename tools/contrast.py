#!/usr/bin/env python3
"""Checks tokens.css: WCAG 2.2 contrast for every pair that the screens use, and the
data palette under three kinds of colour blindness. Exit 1 when a pair falls short."""
import itertools, pathlib, re, sys
css = (pathlib.Path(__file__).parent.parent / "web/shared/tokens.css").read_text()
def block(sel):
    body = css.split(sel + "{", 1)[1].split("\n}", 1)[0]
    return {k: v for k, v in re.findall(r"--([\w-]+):(#[0-9a-f]{6})(?![0-9a-f])", body)}
light = block(":root"); dark = {**light, **block("[data-theme=dark]")}
rgb = lambda h: [int(h[i:i+2], 16) / 255 for i in (1, 3, 5)]
lin = lambda c: c / 12.92 if c <= .04045 else ((c + .055) / 1.055) ** 2.4
lum = lambda h: sum(w * lin(c) for w, c in zip((.2126, .7152, .0722), rgb(h)))
def ratio(a, b):
    a, b = sorted((lum(a), lum(b)), reverse=True); return (a + .05) / (b + .05)
grounds = "bg surface sunken hover cursor raised".split()
TEXT = [(t, g) for t in ("text", "text-2", "text-3", "accent") for g in grounds]
TEXT += [("on-accent", "accent-solid"), ("on-accent", "accent-hover"), ("accent", "accent-weak"), ("text", "accent-weak"),
         ("text", "mark-bg"), ("token", "surface"), ("token", "sunken"), ("bg", "text"), ("d4", "surface"), ("d7", "surface")]
for s in ("em", "cr", "wa", "in"):
    TEXT += [("on-" + s, s), (s + "-text", s + "-weak"), ("text", s + "-weak"), ("text-2", s + "-weak")]
    TEXT += [(s + "-text", g) for g in ("bg", "surface", "sunken", "hover", "cursor")]
for s in ("ok", "half", "late"):
    TEXT += [(s + "-text", s + "-weak"), ("text", s + "-weak"), ("text-2", s + "-weak")]
    TEXT += [(s + "-text", g) for g in ("bg", "surface", "sunken", "cursor")]
TEXT += [("customer-text", g) for g in ("customer-weak", "surface", "bg")] + [("text-2", "internal-weak"), ("text-2", "customer-weak"), ("text", "customer-weak")]
PART = [(c, g) for c in ("control", "focus", "internal", "customer", "ok", "half", "late", "em", "cr", "in") for g in ("surface", "bg")]
PART += [(f"d{i}", "surface") for i in (1, 2, 3, 4, 5, 7, 8)] + [("ghost", "surface")]
bad = 0; quiet = "-q" in sys.argv
for kind, pairs, need in (("text", TEXT, 4.5), ("part", PART, 3.0)):
    for fg, bg in pairs:
        l, d = ratio(light[fg], light[bg]), ratio(dark[fg], dark[bg])
        short = l < need or d < need; bad += short
        if short or not quiet: print(f"{'SHORT' if short else 'ok   '} {kind} {fg:>13} on {bg:<13} light {l:5.2f}  dark {d:5.2f}  (needs {need})")
# colour blindness: Machado 2009, severity 1.0, on linear RGB; distance in CIE Lab
M = {"normal": [[1,0,0],[0,1,0],[0,0,1]],
     "protan": [[.152286,1.052583,-.204868],[.114503,.786281,.099216],[-.003882,-.048116,1.051998]],
     "deutan": [[.367322,.860646,-.227968],[.280085,.672501,.047413],[-.011820,.042940,.968881]],
     "tritan": [[1.255528,-.076749,-.178779],[-.078411,.930809,.147602],[.004733,.691367,.303900]]}
def lab(h, m):
    l = [lin(c) for c in rgb(h)]; r, g, b = (min(1, max(0, sum(x * y for x, y in zip(row, l)))) for row in m)
    x, y, z = (.4124*r+.3576*g+.1805*b)/.9505, .2126*r+.7152*g+.0722*b, (.0193*r+.1192*g+.9505*b)/1.089
    f = lambda t: t ** (1/3) if t > .008856 else 7.787 * t + 16/116
    return 116*f(y)-16, 500*(f(x)-f(y)), 200*(f(y)-f(z))
for name, theme in (("light", light), ("dark", dark)):
    for what, keys, need in (("data first five", [f"d{i}" for i in range(1, 6)], 11), ("severities", ["em", "cr", "wa", "in"], 11)):
        for kind, m in M.items():
            best = min((sum((p-q)**2 for p, q in zip(lab(theme[a], m), lab(theme[b], m)))**.5, a, b) for a, b in itertools.combinations(keys, 2))
            bad += best[0] < need
            print(f"{'SHORT' if best[0] < need else 'ok   '} {name:5} {what:16} {kind}: nearest pair {best[1]} {best[2]}  dE {best[0]:.1f} (needs {need})")
print(f"{len(TEXT)*2} text pairs, {len(PART)*2} graphic pairs, {bad} short"); sys.exit(bad > 0)
