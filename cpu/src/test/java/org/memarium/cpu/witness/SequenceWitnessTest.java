package org.memarium.cpu.witness;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.memarium.cpu.witness.Witness.Disagreement;

/** Short random programs with loops, jumps and code that changes itself. */
class SequenceWitnessTest {
  private static final int CASES = 50 * Integer.getInteger("memarium.witness.cases", 400);
  private static final long SEED = Long.getLong("memarium.witness.seed", 1);
  private static final int SHOWN = 4;

  @Test
  void programsEndInTheSameState() {
    SequenceGenerator generator = new SequenceGenerator(SEED);
    List<Disagreement> all = new ArrayList<>();
    int different = 0;
    int[] ended = {0};
    try (Witness witness = new Witness()) {
      for (int left = CASES; left > 0; left -= 1000) {
        IdentityHashMap<TestCase, SequenceGenerator.Program> programs = new IdentityHashMap<>();
        List<TestCase> tests = new ArrayList<>();
        for (int i = 0; i < Math.min(left, 1000); i++) {
          SequenceGenerator.Program program = generator.next();
          programs.put(program.test(), program);
          tests.add(program.test());
        }
        List<Disagreement> found =
            witness.compare(
                tests,
                (test, host, ours) -> {
                  SequenceGenerator.Program program = Objects.requireNonNull(programs.get(test));
                  boolean end = host.trap == Outcome.INT3;
                  ended[0] += end ? 1 : 0;
                  int undefined = end ? program.undefinedAtEnd() : program.everUndefined();
                  return Judge.differences(Exclusions.ANY_FORM, test, host, ours, undefined);
                });
        different += found.size();
        found.stream().limit(Math.max(0, SHOWN - all.size())).forEach(all::add);
      }
    }
    System.out.printf("%,d programs, %,d of them came to their end%n", CASES, ended[0]);
    if (different != 0) {
      fail(
          "%d of %d programs differ, seed %d, for example%n%s"
              .formatted(
                  different,
                  CASES,
                  SEED,
                  String.join("\n", all.stream().map(String::valueOf).toList())));
    }
    assertTrue(ended[0] > CASES / 2, "most programs must come to their end");
  }
}
