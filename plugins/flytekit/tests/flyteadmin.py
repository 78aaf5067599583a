"""A Flyte backend that keeps what `pyflyte` registers: no more of one than `register` and `run --remote` ask for."""

from __future__ import annotations

import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import grpc
from flyteidl.admin import execution_pb2, launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import compiler_pb2, identifier_pb2
from flyteidl.service import admin_pb2_grpc, dataproxy_pb2, dataproxy_pb2_grpc


class FlyteAdmin(admin_pb2_grpc.AdminServiceServicer, dataproxy_pb2_grpc.DataProxyServiceServicer):
    """A context: its address is `endpoint`, what was registered is in `tasks`."""

    def __enter__(self) -> FlyteAdmin:
        self.tasks: dict[str, task_pb2.TaskCreateRequest] = {}
        self.workflows: dict[str, workflow_pb2.WorkflowCreateRequest] = {}
        self.plans: dict[str, launch_plan_pb2.LaunchPlanCreateRequest] = {}
        self.executions: list[execution_pb2.ExecutionCreateRequest] = []
        self._files = HTTPServer(("127.0.0.1", 0), _Uploads)
        threading.Thread(target=self._files.serve_forever, daemon=True).start()
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
        admin_pb2_grpc.add_AdminServiceServicer_to_server(self, self._server)
        dataproxy_pb2_grpc.add_DataProxyServiceServicer_to_server(self, self._server)
        self.endpoint = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(None)
        self._files.shutdown()
        self._files.server_close()

    def images(self) -> dict[str, str]:
        """Image by the name of its task."""
        return {name: task.spec.template.container.image for name, task in self.tasks.items()}

    def commands(self) -> dict[str, list[str]]:
        return {name: list(task.spec.template.container.args) for name, task in self.tasks.items()}

    def CreateTask(self, request: Any, context: Any) -> Any:
        self.tasks[request.id.name] = request
        return task_pb2.TaskCreateResponse()

    def CreateWorkflow(self, request: Any, context: Any) -> Any:
        self.workflows[request.id.name] = request
        return workflow_pb2.WorkflowCreateResponse()

    def CreateLaunchPlan(self, request: Any, context: Any) -> Any:
        self.plans[request.id.name] = request
        return launch_plan_pb2.LaunchPlanCreateResponse()

    def CreateExecution(self, request: Any, context: Any) -> Any:
        self.executions.append(request)
        name = identifier_pb2.WorkflowExecutionIdentifier(project=request.project, domain=request.domain, name="x")
        return execution_pb2.ExecutionCreateResponse(id=name)

    def GetExecution(self, request: Any, context: Any) -> Any:
        return execution_pb2.Execution(id=request.id, spec=self.executions[-1].spec)

    def GetTask(self, request: Any, context: Any) -> Any:
        task = _known(self.tasks, request, context)
        return task_pb2.Task(id=task.id, closure=task_pb2.TaskClosure(compiled_task=_compiled(task)))

    def GetWorkflow(self, request: Any, context: Any) -> Any:
        workflow = _known(self.workflows, request, context)
        primary = compiler_pb2.CompiledWorkflow(template=workflow.spec.template)
        tasks = [_compiled(task) for task in self.tasks.values()]
        compiled = compiler_pb2.CompiledWorkflowClosure(primary=primary, tasks=tasks)
        return workflow_pb2.Workflow(id=workflow.id, closure=workflow_pb2.WorkflowClosure(compiled_workflow=compiled))

    def GetLaunchPlan(self, request: Any, context: Any) -> Any:
        plan = _known(self.plans, request, context)
        closure = launch_plan_pb2.LaunchPlanClosure(expected_inputs=plan.spec.default_inputs)
        return launch_plan_pb2.LaunchPlan(id=plan.id, spec=plan.spec, closure=closure)

    def CreateUploadLocation(self, request: Any, context: Any) -> Any:
        host, port = self._files.server_address[:2]
        url = f"http://{host}:{port}/{request.filename}"
        return dataproxy_pb2.CreateUploadLocationResponse(signed_url=url, native_url=f"s3://bucket/{request.filename}")


def _known(registered: dict[str, Any], request: Any, context: Any) -> Any:
    if request.id.name not in registered:
        context.abort(grpc.StatusCode.NOT_FOUND, f"{request.id.name} was not registered")
    return registered[request.id.name]


def _compiled(task: task_pb2.TaskCreateRequest) -> Any:
    template = task.spec.template
    template.id.CopyFrom(task.id)
    return compiler_pb2.CompiledTask(template=template)


class _Uploads(BaseHTTPRequestHandler):
    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass
