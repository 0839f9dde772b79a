"""Characters that read as ASCII letters, and what they read as.

Written by scripts/confusables; do not edit. From Unicode's confusables.txt (UTS #39),
Copyright Unicode, Inc., Unicode License v3 (https://www.unicode.org/license.txt), by way of
the package confusable-homoglyphs 3.3.1 of January 2024; small capitals, circled, squared and
regional-indicator letters are added. The small form of a capital that reads as a letter is
counted with the capital, so that matching does not depend on case where both agree.
"""

from __future__ import annotations

from typing import Final

READINGS: Final = {
    "a": (
        "251 391 3b1 410 430 13aa 15c5 1d00 1e9a a4ee 102a0 16f40 1d6a8 1d6c2 1d6e2 1d6fc "
        "1d71c 1d736 1d756 1d770 1d790 1d7aa 1f150 1f170 1f1e6"
    ),
    "aa": ("a732 a733"),
    "ae": ("c6 e6 4d4 4d5"),
    "ao": ("a734 a735"),
    "au": ("a736 a737"),
    "av": ("a738 a739 a73a a73b"),
    "ay": ("a73c a73d"),
    "b": (
        "180 182 183 184 185 253 299 392 3b2 411 412 42c 431 432 44c 462 463 48c 48d 13cf "
        "13f4 1472 1473 15af 15f7 a4d0 a7b4 10282 102a1 10301 1d6a9 1d6e3 1d71d 1d757 1d791 "
        "1f151 1f171 1f1e7"
    ),
    "bl": ("42b 44b"),
    "c": (
        "23c 3f2 3f9 421 441 4aa 4ab 13df 1d04 2ca4 2ca5 a4da abaf 102a2 10302 10415 1043d "
        "1051c 118e9 118f2 1f152 1f172 1f1e8"
    ),
    "d": (
        "d0 f0 110 111 189 18c 256 257 501 13a0 13e7 146f 15de 15ea 1d05 a4d2 a4d3 1f153 "
        "1f173 1f1e9"
    ),
    "dz": ("2a3"),
    "e": (
        "246 247 395 3b5 415 435 4bd 4bf 13ac 1d07 2d39 a4f0 ab32 10286 118a6 118ae 118c6 "
        "118ce 1d6ac 1d6e6 1d720 1d75a 1d794 1f154 1f174 1f1ea"
    ),
    "f": (
        "191 192 3dc 3dd 584 15b4 1d6e 1e9d a4dd a730 a798 a799 ab35 10287 102a5 10525 118a2 "
        "118c2 1d7ca 1f155 1f175 1f1eb"
    ),
    "g": ("18d 1e4 1e5 260 261 262 50c 50d 581 13c0 13f3 1d83 1da2 a4d6 1f156 1f176 1f1ec"),
    "h": (
        "126 127 266 29c 397 41d 43d 45b 4a2 4a3 4bb 4c7 4c8 4c9 4ca 570 13bb 13c2 13f2 157c "
        "1d78 210f 2c67 2c68 2c8e 2c8f a4e7 a695 102cf 1d6ae 1d6e8 1d722 1d75c 1d796 1f157 "
        "1f177 1f1ed"
    ),
    "i": (
        "131 196 197 268 269 26a 37a 399 3b9 406 456 4cf 13a5 16c1 1d7b 1d7c 1fbe a4f2 a647 "
        "ab75 10309 118c3 1d6a4 1d6b0 1d6ca 1d6ea 1d704 1d724 1d73e 1d75e 1d778 1d798 1d7b2 "
        "1f158 1f178 1f1ee"
    ),
    "j": ("248 249 29d 37f 3f3 408 458 13ab 148d 1d0a a4d9 a7b2 1f159 1f179 1f1ef"),
    "k": (
        "199 39a 3ba 41a 43a 49a 49b 49e 49f 13e6 16d5 1d0b 2c69 2c6a 2c94 2c95 a4d7 a740 "
        "a741 10518 1d6b1 1d6eb 1d725 1d75f 1d799 1f15a 1f17a 1f1f0"
    ),
    "l": (
        "141 142 19a 1c0 26b 26d 29f 4c0 6f1 13de 14aa 18f3 2c92 2c93 2cd0 2cd1 2d4f a4e1 "
        "1028a 10320 1041b 10443 10526 118a3 118b2 118d2 16f16 16f28 1d7cf 1d7d9 1d7e3 1d7ed "
        "1d7f7 1f15b 1f17b 1f1f1 1fbf1"
    ),
    "ll": ("1c1"),
    "lo": ("42e 44e"),
    "ls": ("2aa"),
    "lz": ("2ab"),
    "m": (
        "39c 3bc 3fa 3fb 41c 43c 4cd 4ce 13b7 15f0 16d6 1d0d 2c98 2c99 a4df ab51 102b0 10311 "
        "1d6b3 1d6ed 1d727 1d761 1d79b 1f15c 1f17c 1f1f2"
    ),
    "n": (
        "19d 19e 272 273 274 39d 3b7 578 57c 1d70 2c9a 2c9b a4e0 10513 1d6b4 1d6c8 1d6ee "
        "1d702 1d728 1d73c 1d762 1d776 1d79c 1d7b0 1f15d 1f17d 1f1f3"
    ),
    "o": (
        "d8 f8 19f 1fe 1ff 275 398 39f 3b8 3bf 3c3 3d1 3f4 41e 43e 472 473 4e8 4e9 555 585 "
        "6f5 966 9e6 a66 ae6 b20 b66 be6 c66 ce6 d20 d66 e50 ed0 101d 1040 10ff 12d0 13a4 "
        "13be 13eb 1d0f 1d11 2070 2c9e 2c9f 2d31 2d41 2d54 3007 a4f3 a74a a74b ab3d ab3e ab74 "
        "ab8e abbb 10292 102ab 10404 1042c 104c2 104ea 10516 114d0 118b5 118c8 118d5 118d7 "
        "118e0 1d6af 1d6b6 1d6b9 1d6c9 1d6d0 1d6d4 1d6dd 1d6e9 1d6f0 1d6f3 1d703 1d70a 1d70e "
        "1d717 1d723 1d72a 1d72d 1d73d 1d744 1d748 1d751 1d75d 1d764 1d767 1d777 1d77e 1d782 "
        "1d78b 1d797 1d79e 1d7a1 1d7b1 1d7b8 1d7bc 1d7c5 1d7ce 1d7d8 1d7e2 1d7ec 1d7f6 1f15e "
        "1f17e 1f1f4 1fbf0"
    ),
    "oe": ("152 153"),
    "oo": ("a698 a699 a74e a74f"),
    "p": (
        "1a5 3a1 3c1 3f1 420 440 13e2 146d 18d6 1d18 1d7d 2ca2 2ca3 a4d1 10295 1d6b8 1d6d2 "
        "1d6e0 1d6f2 1d70c 1d71a 1d72c 1d746 1d754 1d766 1d780 1d78e 1d7a0 1d7ba 1d7c8 1f15f "
        "1f17f 1f1f5"
    ),
    "q": ("2a0 51b 563 566 2d55 1f160 1f180 1f1f6"),
    "r": (
        "1a6 24d 27c 27d 280 433 493 13a1 13b1 13d2 1587 18f4 1d26 1d72 2c85 a4e3 ab47 ab48 "
        "ab81 104b4 104dc 16f35 1f161 1f181 1f1f7"
    ),
    "rn": ("271 1d6f 11700 118e3"),
    "s": (
        "1bd 282 405 455 54f 57f 13d5 13da 18f5 1d74 a4e2 a731 abaa 10296 10420 10448 118c1 "
        "16f3a 1f162 1f182 1f1f8"
    ),
    "ss": ("3d0 13f0 a7b5 1d6c3 1d6fd 1d737 1d771 1d7ab"),
    "t": (
        "166 167 1ab 1ad 1ae 23e 288 3a4 3c4 422 442 4ac 4ad 13a2 1d1b 1d75 2c66 2ca6 2ca7 "
        "a4d4 10297 102b1 10315 118bc 16f0a 1d6bb 1d6f5 1d72f 1d769 1d7a3 1f163 1f183 1f1f9"
    ),
    "tf": ("a777"),
    "ts": ("2a6"),
    "u": (
        "244 289 28b 3c5 54d 57d 1200 13cc 144c 1d1c 1d7e a4f4 a79f ab4e ab52 ab9c 104ce "
        "104f6 118b8 118d8 16f42 1d6d6 1d710 1d74a 1d784 1d7be 1f164 1f184 1f1fa"
    ),
    "ue": ("1d6b"),
    "uo": ("ab63"),
    "v": (
        "3bd 474 475 6f7 13d9 142f 1d20 2d38 a4e6 a6df aba9 1051d 11706 118a0 118c0 16f08 "
        "1d6ce 1d708 1d742 1d77c 1d7b6 1f165 1f185 1f1fb"
    ),
    "w": (
        "26f 461 47d 51c 51d 561 13b3 13d4 1d21 a4ea a761 ab83 114c5 1170a 1170e 1170f 118e6 "
        "118ef 1f166 1f186 1f1fc"
    ),
    "x": (
        "3a7 3c7 425 445 4b2 4b3 1541 157d 16b7 2cac 2cad 2d5d a4eb a7b3 ab53 10290 102b4 "
        "10317 10322 10527 118ec 1d6be 1d6f8 1d732 1d76c 1d7a6 1f167 1f187 1f1fd"
    ),
    "y": (
        "1b4 24e 24f 263 28f 3a5 3b3 3d2 423 443 4ae 4af 4b0 4b1 10e7 13a9 13bd 1d8c 1eff "
        "213d 2ca8 2ca9 a4ec ab5a 102b2 118a4 118dc 16f43 1d6bc 1d6c4 1d6f6 1d6fe 1d730 1d738 "
        "1d76a 1d772 1d7a4 1d7ac 1f168 1f188 1f1fe"
    ),
    "z": (
        "1b5 1b6 224 225 290 396 3b6 13c3 1646 1d22 1d76 a4dc ab93 102f5 118a9 118c4 118c9 "
        "118e5 1d6ad 1d6e7 1d721 1d75b 1d795 1f169 1f189 1f1ff"
    ),
}
"""Reading to the characters, as hexadecimal code points."""
