package org.memarium.cpu.witness;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.Flags;
import org.memarium.cpu.InstructionForm;

/** Both processors side by side. */
final class Witness implements AutoCloseable {
  /** A case on which they disagree, made as small as it would get. */
  record Disagreement(TestCase test, List<String> differences) {
    @Override
    public String toString() {
      StringBuilder text = new StringBuilder(test.origin).append('\n').append(test);
      differences.forEach(line -> text.append("  -> ").append(line).append('\n'));
      return text.toString();
    }
  }

  private static final int CHUNK = 512;

  private final NativeProcessor host = NativeProcessor.start();
  private MemariumProcessor ours = new MemariumProcessor();

  /** Cases that ran, and how many of them in which ours differed in a flag that is undefined. */
  long cases;

  long undefinedFlagsDiffer;

  /**
   * Runs cases on both.
   *
   * @param rules what counts as a difference
   * @return disagreements, the shortest code first
   */
  List<Disagreement> compare(List<TestCase> tests, Rules rules) {
    List<Disagreement> all = new ArrayList<>();
    for (int from = 0; from < tests.size(); from += CHUNK) {
      List<TestCase> chunk = tests.subList(from, Math.min(tests.size(), from + CHUNK));
      List<Outcome> outcomes = host.run(chunk);
      for (int i = 0; i < chunk.size(); i++) {
        cases++;
        TestCase test = chunk.get(i);
        List<String> differences = differences(test, outcomes.get(i), rules);
        if (!differences.isEmpty()) {
          all.add(new Disagreement(test, differences));
        }
      }
    }
    all.sort(Comparator.comparingInt(disagreement -> disagreement.test().code.length));
    return all;
  }

  private List<String> differences(TestCase test, Outcome hosts, Rules rules) {
    Outcome mine;
    try {
      mine = ours.run(test);
    } catch (RuntimeException broken) {
      ours.close();
      ours = new MemariumProcessor();
      return List.of("ours broke:  " + broken + " at " + broken.getStackTrace()[0]);
    }
    List<String> differences = rules.differences(test, hosts, mine);
    if (differences.isEmpty() && Judge.differentFlags(hosts, mine) != 0) {
      undefinedFlagsDiffer++;
    }
    return differences;
  }

  /** Says for each case what counts. */
  interface Rules {
    List<String> differences(TestCase test, Outcome host, Outcome ours);

    static Rules of(InstructionForm form) {
      return (test, host, ours) -> Judge.differences(form, test, host, ours);
    }
  }

  /** Takes away from a case whatever it does not need to go on differing. */
  Disagreement minimize(Disagreement found, Rules rules) {
    Disagreement best = found;
    for (int step = 0; ; step++) {
      TestCase simpler = simpler(best.test(), step);
      if (simpler == null) {
        return best;
      }
      List<String> differences = differences(simpler, host.run(List.of(simpler)).getFirst(), rules);
      if (!differences.isEmpty() && sameKind(differences, found.differences())) {
        boolean removedPatch = simpler.patches.size() < best.test().patches.size();
        best = new Disagreement(simpler, differences);
        step -= removedPatch ? 1 : 0;
      }
    }
  }

  private static boolean sameKind(List<String> some, List<String> others) {
    return some.getFirst().substring(0, 12).equals(others.getFirst().substring(0, 12));
  }

  /** The case with one thing less, or null when there is nothing more to try. */
  private static @Nullable TestCase simpler(TestCase test, int step) {
    TestCase copy = test.copy();
    if (step < 8) {
      copy.registers[step] = step == 4 ? TestCase.DATA + 0x800 : 0;
    } else if (step == 8) {
      copy.eflags = 0x202;
    } else if (step == 9) {
      copy.eflags &= ~(Flags.DF | Flags.TF);
    } else if (step == 10) {
      copy.fpu = TestCase.initialFpu();
    } else if (step == 11) {
      copy.codeAddress = TestCase.CODE + 0x800;
    } else if (step < 12 + 8) {
      if (Arrays.equals(test.fpu, TestCase.initialFpu())) {
        return copy;
      }
      // A register of the x87 unit becomes 1.
      byte[] one = {0, 0, 0, 0, 0, 0, 0, (byte) 0x80, (byte) 0xff, 0x3f};
      System.arraycopy(one, 0, copy.fpu, 28 + 10 * (step - 12), 10);
    } else if (step < 20 + 8) {
      Arrays.fill(copy.xmm, 16 * (step - 20), 16 * (step - 19), (byte) 0);
    } else if (step == 28) {
      copy.mxcsr = TestCase.INITIAL_MXCSR;
    } else if (step - 29 < copy.patches.size()) {
      copy.patches.remove(step - 29);
    } else {
      return null;
    }
    return copy;
  }

  @Override
  public void close() {
    host.close();
    ours.close();
  }
}
