/* Runs a compiled model from C: generate MODEL.so COUNT TOKEN... */
#include <stdio.h>
#include <stdlib.h>
#include <tenon-rt/runtime.h>

int main(int argc, char **argv) {
  tenon_rt_model *model = NULL;
  tenon_rt_session *session = NULL;
  tenon_rt_sampler *sampler = NULL;
  tenon_rt_sampling greedy = {0};
  if (argc < 4 || tenon_rt_model_open(argv[1], NULL, &model) ||
      tenon_rt_session_create(model, NULL, &session) ||
      tenon_rt_sampler_create(&greedy, &sampler)) {
    fprintf(stderr, "%s\n", tenon_rt_error(NULL));
    return 1;
  }
  float *logits =
      malloc(sizeof(float) * tenon_rt_model_get_info(model)->vocabulary);
  int32_t id = 0;
  for (int i = 3; i < argc; ++i) {
    id = atoi(argv[i]);
    if (tenon_rt_prefill(session, &id, 1, logits))
      return fprintf(stderr, "%s\n", tenon_rt_error(session)), 1;
  }
  for (int left = atoi(argv[2]); left > 0; --left) {
    if (tenon_rt_sampler_pick(
            sampler, logits, tenon_rt_model_get_info(model)->vocabulary, &id) ||
        tenon_rt_step(session, &id, 1, logits))
      return fprintf(stderr, "%s\n", tenon_rt_error(session)), 1;
    printf(left > 1 ? "%d," : "%d\n", id);
  }
  free(logits);
  tenon_rt_sampler_destroy(sampler);
  tenon_rt_session_destroy(session);
  tenon_rt_model_close(model);
  return 0;
}
