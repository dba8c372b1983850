/* Load a SavedModel and run it with TensorFlow's C API, as TensorFlow Serving does: no Python.
 *
 *   run_saved_model FOLDER LATENTS NOISE_TENSOR OUTPUT_TENSOR [LABELS_TENSOR LABEL]
 *
 * runs the `sample` signature for one image with noise of zeros, and prints its pixels, one a line. The names of tensors are
 * those of the signature, as `saved_model_cli show --dir FOLDER --all` lists them ("sample_noise:0").
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tensorflow/c/c_api.h>

static void check(TF_Status *status, const char *what) {
  if (TF_GetCode(status) != TF_OK) {
    fprintf(stderr, "%s: %s\n", what, TF_Message(status));
    exit(1);
  }
}

static TF_Output tensor(TF_Graph *graph, const char *name) {
  char operation[256];
  const char *colon = strrchr(name, ':');
  size_t length = colon ? (size_t)(colon - name) : strlen(name);
  if (length >= sizeof operation) length = sizeof operation - 1;
  memcpy(operation, name, length);
  operation[length] = '\0';
  TF_Output output = {TF_GraphOperationByName(graph, operation), colon ? atoi(colon + 1) : 0};
  if (!output.oper) {
    fprintf(stderr, "the graph has no tensor %s\n", name);
    exit(1);
  }
  return output;
}

int main(int argc, char **argv) {
  if (argc != 5 && argc != 7) {
    fprintf(stderr, "usage: %s FOLDER LATENTS NOISE_TENSOR OUTPUT_TENSOR [LABELS_TENSOR LABEL]\n", argv[0]);
    return 2;
  }
  TF_Status *status = TF_NewStatus();
  TF_Graph *graph = TF_NewGraph();
  TF_SessionOptions *options = TF_NewSessionOptions();
  const char *tags[] = {"serve"};
  TF_Session *session = TF_LoadSessionFromSavedModel(options, NULL, argv[1], tags, 1, graph, NULL, status);
  check(status, "loading");

  int64_t noise_shape[] = {1, atoll(argv[2])}, label_shape[] = {1};
  TF_Output inputs[2] = {tensor(graph, argv[3])}, output = tensor(graph, argv[4]);
  TF_Tensor *values[2] = {TF_AllocateTensor(TF_FLOAT, noise_shape, 2, (size_t)noise_shape[1] * sizeof(float))};
  memset(TF_TensorData(values[0]), 0, TF_TensorByteSize(values[0]));
  int count = 1;
  if (argc == 7) {
    inputs[1] = tensor(graph, argv[5]);
    values[1] = TF_AllocateTensor(TF_INT32, label_shape, 1, sizeof(int32_t));
    *(int32_t *)TF_TensorData(values[1]) = atoi(argv[6]);
    count = 2;
  }
  TF_Tensor *image = NULL;
  TF_SessionRun(session, NULL, inputs, values, count, &output, &image, 1, NULL, 0, NULL, status);
  check(status, "running");
  const float *pixels = TF_TensorData(image);
  for (size_t i = 0; i < TF_TensorByteSize(image) / sizeof(float); i++) printf("%.9g\n", pixels[i]);
  return 0;
}
