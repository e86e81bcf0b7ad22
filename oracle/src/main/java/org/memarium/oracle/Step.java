package org.memarium.oracle;

import java.util.StringJoiner;

/**
 * One thing that one process does.
 *
 * @param process its slot
 * @param call what it does
 * @param arguments as many as the call has
 */
@SuppressWarnings("ArrayRecordComponent") // Nobody compares steps.
record Step(int process, MemoryCall call, int... arguments) {

  /** An argument; 0 if there is none. */
  int argument(int index) {
    return index < arguments.length ? arguments[index] : 0;
  }

  /** An argument that is an address or a length. */
  long unsigned(int index) {
    return Integer.toUnsignedLong(argument(index));
  }

  @Override
  public String toString() {
    StringJoiner text = new StringJoiner(", ", "p" + process + " " + call.callName() + "(", ")");
    for (int i = 0; i < arguments.length; i++) {
      text.add(call.arguments().get(i).text(arguments[i]));
    }
    return text.toString();
  }
}
