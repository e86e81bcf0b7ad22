package org.memarium.cpu.witness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.memarium.cpu.InstructionForm;
import org.memarium.cpu.InstructionSet;
import org.memarium.cpu.witness.Witness.Disagreement;

/**
 * Every form of every instruction, on our processor and on the host's, with random operands.
 *
 * <p>{@code -Dmemarium.witness.cases=N} sets how many cases a form gets, {@code
 * -Dmemarium.witness.seed=N} the first seed.
 */
class InstructionWitnessTest {
  private static final int CASES = Integer.getInteger("memarium.witness.cases", 400);
  private static final long SEED = Long.getLong("memarium.witness.seed", 1);
  private static final int SHOWN = 4;
  private static final Path REPORT = Path.of("target", "witness-disagreements.txt");

  private static Witness witness;

  @BeforeAll
  static void start() throws IOException {
    witness = new Witness();
    Files.deleteIfExists(REPORT);
  }

  @AfterAll
  static void stop() {
    if (witness != null) {
      System.out.printf(
          "%,d cases compared with the host's processor; in %,d of them undefined flags differ%n",
          witness.cases, witness.undefinedFlagsDiffer);
      witness.close();
    }
  }

  static Stream<String> mnemonics() {
    return InstructionSet.all().stream()
        .filter(form -> !Exclusions.isExcluded(form))
        .map(InstructionForm::mnemonic)
        .distinct()
        .sorted();
  }

  @ParameterizedTest
  @MethodSource("mnemonics")
  void agreesWithTheHost(String mnemonic) {
    List<Disagreement> all = new ArrayList<>();
    int forms = 0;
    int different = 0;
    for (InstructionForm form : InstructionSet.all()) {
      if (!form.mnemonic().equals(mnemonic) || Exclusions.isExcluded(form)) {
        continue;
      }
      forms++;
      CaseGenerator generator = new CaseGenerator(seed(form));
      List<TestCase> tests = new ArrayList<>();
      for (int i = 0; i < CASES; i++) {
        tests.add(generator.next(form));
      }
      Witness.Rules rules = Witness.Rules.of(form);
      List<Disagreement> found = witness.compare(tests, rules);
      different += found.size();
      found.stream().limit(3).map(one -> witness.minimize(one, rules)).forEach(all::add);
    }
    if (!all.isEmpty()) {
      all.sort(Comparator.comparingInt(one -> one.test().code.length));
      String text =
          String.format(
              Locale.ROOT,
              "%s: %d of %d cases differ, seed %d, for example%n",
              mnemonic,
              different,
              forms * CASES,
              SEED);
      report(text + String.join("\n", all.stream().limit(40).map(String::valueOf).toList()));
      fail(text + String.join("\n", all.stream().limit(SHOWN).map(String::valueOf).toList()));
    }
    assertEquals(0, different);
  }

  private static long seed(InstructionForm form) {
    long encoding = form.opcode() | (form.twoByte() ? 0x100 : 0) | (long) form.prefix() << 9;
    return SEED * 1_000_003
        + encoding * 512
        + (form.digit() + 1L) * 256 * 512 * 256
        + (form.fixedModRm() + 1L) * 16_777_259;
  }

  private static void report(String text) {
    try {
      Files.writeString(REPORT, text + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
