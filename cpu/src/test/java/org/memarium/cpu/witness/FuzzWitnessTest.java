package org.memarium.cpu.witness;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.memarium.cpu.witness.Witness.Disagreement;

/**
 * Random bytes as code: the length that was decoded, the exception or the result must be the
 * host's, except where the host has instructions that ours has not.
 */
class FuzzWitnessTest {
  private static final int CASES = 100 * Integer.getInteger("memarium.witness.cases", 400);
  private static final long SEED = Long.getLong("memarium.witness.seed", 1);
  private static final int SHOWN = 6;

  /** The case with the bytes that were executed, without those after them. */
  private static TestCase executed(TestCase test, Outcome host) {
    int length = host.eip - test.codeAddress;
    TestCase executed = test.copy();
    if (length > 0 && length < test.code.length) {
      executed.code = Arrays.copyOf(test.code, length);
    }
    return executed;
  }

  @Test
  void randomBytesDoWhatTheyDoOnTheHost() {
    Map<String, Integer> extensions = new TreeMap<>();
    int[] executed = {0};
    Witness.Rules rules =
        (test, host, ours) -> {
          Extension extension = Extension.of(test.code);
          if (extension != Extension.NONE) {
            extensions.merge(extension.name(), 1, Integer::sum);
            return List.of();
          }
          executed[0] += host.eip != test.codeAddress ? 1 : 0;
          return Judge.differences(Extension.form(test.code), executed(test, host), host, ours);
        };
    try (Witness witness = new Witness()) {
      CaseGenerator generator = new CaseGenerator(SEED);
      List<Disagreement> all = new ArrayList<>();
      int different = 0;
      for (int left = CASES; left > 0; left -= 1000) {
        List<TestCase> tests = new ArrayList<>();
        for (int i = 0; i < Math.min(left, 1000); i++) {
          tests.add(generator.nextRaw());
        }
        List<Disagreement> found = witness.compare(tests, rules);
        different += found.size();
        found.stream()
            .limit(Math.max(0, SHOWN - all.size()))
            .map(one -> witness.minimize(one, rules))
            .forEach(all::add);
      }
      System.out.printf(
          "%,d random strings of bytes, %,d executed; exempted: %s%n",
          witness.cases, executed[0], extensions);
      if (different != 0) {
        fail(
            "%d of %d cases differ, seed %d, for example%n%s"
                .formatted(
                    different,
                    CASES,
                    SEED,
                    String.join("\n", all.stream().map(String::valueOf).toList())));
      }
      assertTrue(executed[0] > CASES / 20, "most strings must not be nonsense");
    }
  }
}
