package org.memarium.app.shell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.memarium.mm.frame.Gfp;

/** Words, numbers and names of the shell's lines. */
class LanguageTest {
  private static final Map<String, Long> SYMBOLS = Map.of("start", 0x1000L);

  private static List<String> words(String line) {
    return Words.of(line, name -> name.equals("p") ? "0xc0001000" : "?");
  }

  @Test
  void wordsAreSplitAtBlanks() {
    assertEquals(List.of(), words("   # a comment"));
    assertEquals(List.of("a", "b#c", "d"), words(" a\tb#c  d # e"));
  }

  @Test
  void quotesKeepBlanksAndOnlySingleOnesKeepDollars() {
    assertEquals(List.of("a b", "0xc0001000!", "$p", ""), words("'a b' \"$p!\" '$p' ''"));
    assertEquals(List.of("a b", "$p", "\"", "x0xc0001000+4"), words("a\\ b \\$p \\\" x$p+4"));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "4096, 4096",
    "0x10, 16",
    "4K, 4096",
    "0x2M, 2097152",
    "1G, 1073741824",
    "start, 4096",
    "start+16, 4112",
    "start-0x10+1, 4081",
    "0xc0000000, 3221225472"
  })
  void numbersHaveBasesUnitsSymbolsAndSums(String text, long value) {
    assertEquals(value, Numbers.parse("N", text, SYMBOLS::get));
  }

  @ParameterizedTest
  @CsvSource({"x", "0x", "4X", "5+", "+5", "1..2", "99999999999999999999", "8388608T", "end"})
  void whatIsNoNumberIsRefused(String text) {
    assertThrows(ShellError.class, () -> Numbers.parse("N", text, SYMBOLS::get));
  }

  @Test
  void gfpFlagsAreJoinedWithBars() {
    assertEquals(Gfp.GFP_KERNEL | Gfp.ZERO, FlagNames.GFP.parse("GFP_KERNEL|__GFP_ZERO"));
    ShellError wrong = assertThrows(ShellError.class, () -> FlagNames.GFP.parse("GFP_KERNEL|"));
    assertEquals("there is no GFP flag ''", wrong.line());
  }

  @ParameterizedTest
  @CsvSource({"kfre, kfree", "kmaloc, kmalloc", "kmallco, kmalloc", "kmal, kmalloc"})
  void theNearestNameIsFound(String written, String meant) {
    assertEquals(meant, Nearest.of(written, List.of("kfree", "kmalloc", "quit")));
  }
}
