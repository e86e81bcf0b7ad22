# Sourced by ./memarium and by scripts/build-launch.sh, which must agree on all of this.
# Expects home, the root of the repository.

launch=$home/target/launch
# One line: the folder of the newest whole build. Its time is when that build began.
current=$launch/current

# A machine is one thread with its RAM outside the Java heap: the serial collector starts fastest,
# and there is little for it to do. Without -XX:-UsePerfData each start writes a file for jps.
JVM_OPTIONS="--enable-native-access=ALL-UNNAMED -XX:+UseSerialGC -XX:-UsePerfData"

# is_built: true if there is a build and no source is newer. Folders count, so that a file that
# was deleted is noticed.
is_built() {
  [ -f "$current" ] &&
    [ -z "$(find "$home/pom.xml" "$home"/*/pom.xml "$home"/*/src/main -newer "$current" -print -quit)" ]
}

# class_path FOLDER: sets CLASS_PATH to the jars in FOLDER.
class_path() {
  CLASS_PATH=
  for jar in "$1"/*.jar; do
    CLASS_PATH=${CLASS_PATH:+$CLASS_PATH:}$jar
  done
}
