{
    "name": "Service Agreements: Billing by Workers",
    "summary": "The billing run as jobs per batch, for any number of workers",
    "version": "19.0.1.0.0",
    "category": "Services/Service Agreements",
    "author": "service_agreement contributors",
    "license": "LGPL-3",
    "depends": ["queue_job", "service_agreement"],
    "auto_install": True,
    "data": ["data/queue_job_data.xml"],
}
