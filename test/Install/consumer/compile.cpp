// Compiles a model in process: compile MODEL.gguf FOLDER
#include <iostream>
#include <tenon/Tenon.h>

int main(int argc, char **argv) {
  if (argc != 3)
    return 2;
  tenon::Session session;
  tenon::CompileOptions options;
  options.cpu = "x86-64-v3";
  options.context = 256;
  tenon::Invocation invocation(session, options);
  invocation.onDiagnostic([](const tenon::Diagnostic &diagnostic) {
    std::cerr << diagnostic.str() << "\n";
  });
  invocation.onProgress([](const tenon::StepReport &step) {
    std::cerr << step.name << ": " << step.seconds << " s\n";
  });
  tenon::CompileResult result = invocation.run(tenon::Source::file(argv[1]),
                                               tenon::Output::folder(argv[2]));
  for (const std::string &file : result.files)
    std::cout << file << "\n";
  return result ? 0 : 1;
}
